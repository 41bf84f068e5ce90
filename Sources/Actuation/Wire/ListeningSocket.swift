import CSystemd
import Glibc
import Model

/// Where the two sockets come from: systemd's socket units, or paths, when somebody starts the helper by hand.
enum ListeningSocket {
    /// The sockets that systemd handed over, by their FileDescriptorName (`exec`, `approve`).
    static func inherited() throws(Fault) -> [FrameServer.Listener] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(1, &names)
        guard count >= 0 else { throw Fault("socket.inherited", "systemd's sockets cannot be taken (error \(-count))") }
        var listeners: [FrameServer.Listener] = []
        for index in 0..<Int(count) {
            guard let pointer = names?[index] else { continue }
            let name = String(cString: pointer)
            free(pointer)
            guard let door = FrameServer.Door(rawValue: name) else {
                throw Fault(
                    "socket.inherited", "systemd handed over a socket named \"\(name)\"",
                    hint: "FileDescriptorName= needs to be exec or approve.")
            }
            let socket = Int32(SD_LISTEN_FDS_START) + Int32(index)
            _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK)
            listeners.append(FrameServer.Listener(door: door, socket: socket))
        }
        free(names)
        return listeners
    }

    /// Creates the socket at a path, in place of one that nobody listens on. Anybody may connect; the peer's uid decides.
    static func bound(_ door: FrameServer.Door, path: String) throws(Fault) -> FrameServer.Listener {
        var address = try UnixAddress(path)
        // A fault says that nobody listens there, which is what is wanted.
        if (try? ConnectedSocket(path: path)) != nil {
            throw Fault("socket.used", "Somebody listens on \(path) already")
        }
        unlink(path)
        let socket = Glibc.socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard socket >= 0, address.withPointer({ bind(socket, $0, $1) }) == 0, chmod(path, 0o666) == 0,
            listen(socket, 16) == 0
        else {
            let reason = String(cString: strerror(errno))
            if socket >= 0 { close(socket) }
            throw Fault("socket.bind", "\(path) cannot be listened on: \(reason)")
        }
        return FrameServer.Listener(door: door, socket: socket)
    }
}

/// The address of a unix socket in the file system.
struct UnixAddress {
    private var address = sockaddr_un()

    init(_ path: String) throws(Fault) {
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard !bytes.isEmpty, bytes.count < room, !bytes.contains(0) else {
            throw Fault("socket.path", "\"\(path)\" is not a path for a socket (at most \(room - 1) bytes)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    }

    mutating func withPointer<T>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// The client's side of a connection: frames out, frames in, both blocking.
final class ConnectedSocket: Sendable {
    private let socket: Int32
    private static let writeTimeoutSeconds = 10

    init(path: String) throws(Fault) {
        var address = try UnixAddress(path)
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var timeout = timeval(tv_sec: Self.writeTimeoutSeconds, tv_usec: 0)
        guard socket >= 0,
            setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size)) == 0,
            address.withPointer({ connect(socket, $0, $1) }) == 0
        else {
            let reason = String(cString: strerror(errno))
            if socket >= 0 { Glibc.close(socket) }
            throw Fault(
                "executor.unreachable", "The helper cannot be reached on \(path): \(reason)",
                hint: "Is nightshift-exec.socket active?")
        }
        // Last: an initializer that throws once everything is set has its deinit run, which closes as well.
        self.socket = socket
    }

    deinit { Glibc.close(socket) }

    /// Wakes whoever reads; the file itself lives as long as this object.
    func close() { shutdown(socket, Int32(SHUT_RDWR)) }

    func send(_ bytes: [UInt8]) throws(Fault) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw Fault("executor.unreachable", "The helper takes nothing: \(String(cString: strerror(errno)))")
            }
            sent += count
        }
    }

    /// Waits so long for something to read (-1: for ever); false when there was nothing.
    func wait(milliseconds: Int32) -> Bool {
        var file = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&file, 1, milliseconds) > 0
    }

    /// What has come, at least one byte; nil when the other end has closed.
    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            return count > 0 ? Array(buffer[..<count]) : nil
        }
    }
}
