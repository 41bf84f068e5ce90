internal import GRDB
internal import Model

extension Fault {
    /// What a person should know of a failed access to the ledger.
    ///
    /// `ledger.full`: the disk, or the size that the settings allow, is used up. `ledger.io`: the file cannot be read
    /// or written, or is damaged. `ledger.refused`: a rule of the schema forbids the write. Faults pass unchanged.
    init(ledger path: String, _ error: any Error) {
        switch error {
        case let fault as Fault: self = fault
        case let error as DatabaseError: self.init(ledger: path, database: error)
        default: self.init("ledger.write", "the ledger \(path) could not be used: \(error)")
        }
    }

    private init(ledger path: String, database error: DatabaseError) {
        let reason = (error.message ?? "failed") + " (SQLite \(error.extendedResultCode.rawValue))"
        switch error.resultCode {
        case _ where error.isOutOfSpace:
            self.init(
                "ledger.full", "the disk under the ledger \(path) is full",
                hint: "Free some space or raise `retention.disk`; until then Nightshift does not act.")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(
                "ledger.io", "the ledger \(path) is damaged: \(reason)",
                hint: "Move it away and start again, or restore it from a backup; Nightshift does not act without it.")
        case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_PROTOCOL, .SQLITE_NOMEM:
            self.init(
                "ledger.io", "the ledger \(path) cannot be read or written: \(reason)",
                hint: "Check the disk, and that the file belongs to the user that runs Nightshift.")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                "ledger.busy", "the ledger \(path) is held by another program: \(reason)",
                hint: "Close whatever has it open for writing.")
        case .SQLITE_CONSTRAINT:
            self.init("ledger.refused", "the ledger refused a write: \(reason)")
        default:
            self.init("ledger.write", "the ledger \(path) could not be used: \(reason)")
        }
    }
}

extension DatabaseError {
    /// Also where the shared memory beside the file could not grow: nothing was written in vain then.
    var isOutOfSpace: Bool { resultCode == .SQLITE_FULL || extendedResultCode == .SQLITE_IOERR_SHMSIZE }
}
