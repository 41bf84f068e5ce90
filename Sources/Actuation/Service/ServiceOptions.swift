import Model

/// How the helper is started. Its unit needs no argument; the rest is for starting it by hand and for tests.
struct ServiceOptions: Hashable {
    var installed = InstalledDirectory.standardPath
    var state = "/var/lib/nightshift-exec"
    /// Paths of sockets to create, where systemd hands none over.
    var execSocket: String?
    var approveSocket: String?
    /// The user whose daemon may ask, in place of the installed settings' one.
    var core: String?

    static let usage = """
        usage: nightshift-exec [--installed DIR] [--state DIR] [--exec-socket PATH] [--approve-socket PATH]
                               [--core USER]
        """

    static func parse(_ arguments: [String]) throws(Fault) -> ServiceOptions {
        var options = ServiceOptions()
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else {
                throw Fault("usage", "\"\(name)\" is not an option, or lacks its value\n\(usage)")
            }
            switch name {
            case "--installed": options.installed = value
            case "--state": options.state = value
            case "--exec-socket": options.execSocket = value
            case "--approve-socket": options.approveSocket = value
            case "--core": options.core = value
            default: throw Fault("usage", "\"\(name)\" is not an option\n\(usage)")
            }
        }
        return options
    }
}
