import Glibc

/// The way to a program: each folder of it and what links lead to decides what runs.
enum ProgramPath {
    /// Why somebody else than root and `user` could put another program there, as a sentence; nil where nobody could.
    static func weakness(_ path: String, user: String) -> String? {
        guard let end = realpath(path, nil) else { return "\(path) is not there yet" }
        let target = String(cString: end)
        free(end)
        let owners: Set<UInt32> = [0, Accounts.user(user)?.uid ?? 0]
        for place in places(path) + places(target) {
            var found = stat()
            guard lstat(place, &found) == 0 else { return "\(place) cannot be looked up" }
            if found.st_mode & S_IFMT == S_IFLNK { continue }
            if !owners.contains(found.st_uid) {
                let owner = Accounts.user(uid: found.st_uid)?.name ?? "user \(found.st_uid)"
                return "\(place) belongs to \(owner)"
            }
            let isShared = found.st_mode & S_IFMT == S_IFDIR && found.st_mode & S_ISVTX != 0
            if found.st_mode & (S_IWGRP | S_IWOTH) != 0, !isShared {
                return "\(place) can be written by others than its owner"
            }
        }
        return nil
    }

    /// `/`, `/srv`, `/srv/payments`, …
    private static func places(_ path: String) -> [String] {
        var places = ["/"]
        for part in path.split(separator: "/") {
            places.append((places.last == "/" ? "" : places.last ?? "") + "/" + part)
        }
        return places
    }
}
