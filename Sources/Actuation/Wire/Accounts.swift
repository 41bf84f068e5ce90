import Glibc

/// The host's users and groups; may be asked from any thread. What is not there, or cannot be looked up, is nil.
enum Accounts {
    struct User {
        var uid: UInt32
        var gid: UInt32
        var name: String
    }

    static func user(_ name: String) -> User? {
        look { entry, buffer, size, result in getpwnam_r(name, entry, buffer, size, result) }
    }

    static func user(uid: UInt32) -> User? {
        look { entry, buffer, size, result in getpwuid_r(uid, entry, buffer, size, result) }
    }

    static func groupID(_ name: String) -> UInt32? {
        var entry = group()
        var result: UnsafeMutablePointer<group>?
        var buffer = [CChar](repeating: 0, count: bufferSize)
        guard getgrnam_r(name, &entry, &buffer, buffer.count, &result) == 0, result != nil else { return nil }
        return entry.gr_gid
    }

    private static let bufferSize = 1 << 16

    private typealias Look = (
        UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
        UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
    ) -> Int32

    private static func look(_ body: Look) -> User? {
        var entry = passwd()
        var result: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: bufferSize)
        return buffer.withUnsafeMutableBufferPointer { bytes in
            guard let start = bytes.baseAddress, body(&entry, start, bytes.count, &result) == 0, result != nil else {
                return nil
            }
            return User(uid: entry.pw_uid, gid: entry.pw_gid, name: String(cString: entry.pw_name))
        }
    }
}
