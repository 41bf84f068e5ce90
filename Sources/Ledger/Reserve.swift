internal import Glibc

/// Disk space held back in a file, so that what must still be written on a full disk has room.
struct Reserve: Sendable {
    let path: String
    let bytes: Int

    /// Takes the space, or has it; false where the disk has not as much again, so that a nearly full disk does not flap.
    func take() -> Bool {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        var status = stat()
        if fstat(descriptor, &status) == 0, Int(status.st_size) == bytes, Int(status.st_blocks) * 512 >= bytes {
            var disk = statvfs()
            return fstatvfs(descriptor, &disk) == 0 && Int(disk.f_bavail) * Int(disk.f_frsize) >= bytes
        }
        guard posix_fallocate(descriptor, 0, off_t(bytes * 2)) == 0, ftruncate(descriptor, off_t(bytes)) == 0 else {
            release()
            return false
        }
        return true
    }

    /// Gives the space back to the disk.
    func release() { unlink(path) }
}
