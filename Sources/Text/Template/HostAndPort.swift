import Glibc

/// `host:port` or `[host]:port`, split as Go's net.SplitHostPort does; nil for anything else.
struct HostAndPort {
    let host: String
    let port: String

    init?(_ address: String) {
        guard let colon = address.lastIndex(of: ":") else { return nil }
        let before = address[..<colon]
        if before.first == "[" {
            guard before.last == "]", before.count(where: { $0 == "[" || $0 == "]" }) == 2 else { return nil }
            host = String(before.dropFirst().dropLast())
        } else {
            guard !before.contains(where: { ":[]".contains($0) }) else { return nil }
            host = String(before)
        }
        port = String(address[address.index(after: colon)...])
        guard !port.contains(where: { "[]".contains($0) }) else { return nil }
    }

    /// `web.example.org:80` without its domain: `web:80`; an IP address stays as it is.
    static func withoutDomain(_ address: String) -> String {
        let split = HostAndPort(address)
        let host = split?.host ?? address
        guard !isIPAddress(host) else { return address }
        let short = String(host.prefix { $0 != "." })
        guard let port = split?.port, !port.isEmpty else { return short }
        return short.contains(":") ? "[\(short)]:\(port)" : "\(short):\(port)"
    }

    private static func isIPAddress(_ host: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
    }
}
