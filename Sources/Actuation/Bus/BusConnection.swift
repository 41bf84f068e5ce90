import CSystemd
import Model

/// One connection to systemd over D-Bus, with the ends of jobs that it saw; used only on the thread of `SystemBus`.
///
/// A method call blocks the thread until its reply; signals that come meanwhile wait in libsystemd's queue until
/// `process`. So a job's end can never be handled before the call that created the job has returned and noted its ID.
final class BusConnection {
    let pointer: OpaquePointer
    private var slot: OpaquePointer?
    /// Jobs that somebody here asked for or awaits, with their ends.
    private var ends: [UInt32: String] = [:]
    private var awaited: Set<UInt32> = []

    private static let callTimeoutMicroseconds: UInt64 = 25_000_000
    private static let service = "org.freedesktop.systemd1"
    private static let manager = "org.freedesktop.systemd1.Manager"

    init(_ bus: SystemBus.Which) throws(Fault) {
        var opened: OpaquePointer?
        let result = bus == .system ? sd_bus_open_system(&opened) : sd_bus_open_user(&opened)
        guard result >= 0, let opened else {
            let name = bus == .system ? "system" : "user's"
            throw Fault(
                "bus.lost", "The \(name) bus cannot be reached (error \(-result))",
                hint: bus == .system ? "Is dbus.socket active?" : "Is there a login session or lingering for this user?"
            )
        }
        pointer = opened
        let matched = sd_bus_match_signal(
            pointer, &slot, Self.service, "/org/freedesktop/systemd1", Self.manager, "JobRemoved",
            { message, connection, _ in
                guard let message, let connection else { return 0 }
                sd_bus_message_ref(message)
                Unmanaged<BusConnection>.fromOpaque(connection).takeUnretainedValue()
                    .jobRemoved(BusMessage(owning: message))
                return 0
            },
            Unmanaged.passUnretained(self).toOpaque())
        guard matched >= 0 else { throw Fault("bus.lost", "The bus refused the subscription (error \(-matched))") }
        try call("Subscribe") { _ throws(Fault) in }
    }

    deinit {
        sd_bus_slot_unref(slot)
        sd_bus_flush_close_unref(pointer)
    }

    /// Handles one waiting signal; false when there is none.
    func process() throws(Fault) -> Bool {
        let result = sd_bus_process(pointer, nil)
        guard result >= 0 else { throw Fault("bus.lost", "The connection to the bus was lost (error \(-result))") }
        return result > 0
    }

    // MARK: Jobs

    /// Calls a method that returns a job, and notes the job so that its end is kept.
    func job(_ method: String, _ arguments: (BusMessage) throws(Fault) -> Void) throws(Fault) -> UnitJob {
        let path = try call(method, arguments).path()
        guard let id = UInt32(path.split(separator: "/").last ?? "") else {
            throw Fault("bus.message", "systemd named no job but \"\(path)\"")
        }
        awaited.insert(id)
        return UnitJob(id: id)
    }

    /// The end of a job once it is known, and then forgets it.
    func takeEnd(of job: UnitJob) -> String? {
        guard let end = ends.removeValue(forKey: job.id) else { return nil }
        awaited.remove(job.id)
        return end
    }

    /// From now on the end of a job that somebody else began is kept as well; false when systemd knows no such job.
    func adopt(_ job: UnitJob) throws(Fault) -> Bool {
        if awaited.contains(job.id) { return true }
        awaited.insert(job.id)
        do {
            try call("GetJob") { message throws(Fault) in try message.append(job.id) }
        } catch {
            guard error.isRefusalByBus else { throw error }
            while try process() {}
            if ends[job.id] != nil { return true }
            awaited.remove(job.id)
            return false
        }
        return true
    }

    private func jobRemoved(_ message: BusMessage) {
        do {
            let id = try message.number()
            _ = try message.path()
            _ = try message.text()
            let end = try message.text()
            if awaited.contains(id) { ends[id] = end }
        } catch {
            // A JobRemoved that cannot be read tells nothing; whoever awaits the job finds out when it asks for the unit.
        }
    }

    // MARK: Units

    func state(of unit: String) throws(Fault) -> UnitState {
        let path = try call("LoadUnit") { message throws(Fault) in try message.append(unit) }.path()
        let unitProperties = try properties(path, "org.freedesktop.systemd1.Unit")
        let isService = unit.hasSuffix(".service")
        let service = isService ? try properties(path, "org.freedesktop.systemd1.Service") : [:]
        return UnitState(unitProperties, service, asked: unit)
    }

    private func properties(_ path: String, _ interface: String) throws(Fault) -> [String: BusValue] {
        try call("GetAll", path: path, interface: "org.freedesktop.DBus.Properties") { message throws(Fault) in
            try message.append(interface)
        }.properties()
    }

    // MARK: Calls

    @discardableResult
    func call(
        _ method: String, path: String = "/org/freedesktop/systemd1", interface: String = manager,
        _ arguments: (BusMessage) throws(Fault) -> Void
    ) throws(Fault) -> BusMessage {
        var created: OpaquePointer?
        let result = sd_bus_message_new_method_call(pointer, &created, Self.service, path, interface, method)
        guard result >= 0, let created else {
            throw Fault("bus.lost", "The bus takes no call (error \(-result))")
        }
        let message = BusMessage(owning: created)
        try arguments(message)

        var error = sd_bus_error_null()
        defer { sd_bus_error_free(&error) }
        var reply: OpaquePointer?
        let called = sd_bus_call(pointer, message.pointer, Self.callTimeoutMicroseconds, &error, &reply)
        guard called >= 0, let reply else { throw Self.fault(method, called, error) }
        return BusMessage(owning: reply)
    }

    /// systemd's own errors are a no; the bus's (no reply, disconnected, timed out) tell nothing.
    private static func fault(_ method: String, _ result: Int32, _ error: sd_bus_error) -> Fault {
        let name = error.name.map { String(cString: $0) } ?? ""
        let text = error.message.map { String(cString: $0) } ?? "error \(-result)"
        let isAnswer =
            name.hasPrefix("org.freedesktop.systemd1.")
            || [
                "org.freedesktop.DBus.Error.InvalidArgs", "org.freedesktop.DBus.Error.AccessDenied",
                "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
                "org.freedesktop.DBus.Error.FileNotFound", "org.freedesktop.DBus.Error.PropertyReadOnly",
            ].contains(name)
        return isAnswer
            ? Fault(Fault.busRefused, "systemd refused \(method): \(text)")
            : Fault("bus.lost", "\(method) got no answer from systemd: \(text)")
    }
}

extension UnitState {
    init(_ unit: [String: BusValue], _ service: [String: BusValue], asked: String) {
        func text(_ properties: [String: BusValue], _ name: String) -> String {
            if case .text(let text) = properties[name] { text } else { "" }
        }
        func number(_ properties: [String: BusValue], _ name: String) -> Int {
            if case .number(let number) = properties[name] { number } else { 0 }
        }
        func texts(_ name: String) -> [String] {
            if case .texts(let texts) = unit[name] { texts } else { [] }
        }
        var invocation: [UInt8] = []
        if case .bytes(let bytes) = unit["InvocationID"] { invocation = bytes }
        let id = text(unit, "Id")
        self.init(
            id: id.isEmpty ? asked : id, names: texts("Names"), loadState: text(unit, "LoadState"),
            activeState: text(unit, "ActiveState"), subState: text(unit, "SubState"), result: text(service, "Result"),
            invocationID: invocation.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(),
            restarts: number(service, "NRestarts"), exitStatus: number(service, "ExecMainStatus"),
            exitCode: number(service, "ExecMainCode"), job: UInt32(number(unit, "Job")),
            fragment: text(unit, "FragmentPath"), dropIns: texts("DropInPaths"))
    }
}
