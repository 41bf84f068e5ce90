internal import FoundationEssentials
internal import HTTPClient
internal import Model

extension Webhook {
    /// The POST of one message; throws where a file that it needs cannot be read.
    func request(body: String, key: String, receiver: String) throws(Fault) -> HTTPRequest {
        let url =
            switch address {
            case .url(let url): url
            case .file(let path): try SecretFile.read(path, "the address of \(receiver)")
            }
        var headers = [
            (name: "Content-Type", value: "application/json"), (name: "User-Agent", value: "nightshift"),
            (name: "Idempotency-Key", value: key),
        ]
        if let authorization {
            let secret = try SecretFile.read(authorization.credentialsFile, "the credentials for \(receiver)")
            headers.append((name: "Authorization", value: "\(authorization.scheme) \(secret)"))
        }
        return HTTPRequest(
            method: "POST", url: url, headers: headers, body: Array(body.utf8), timeout: timeout, bodyLimit: 64 << 10,
            name: "the webhook of \(receiver)")
    }
}

/// A file that holds one secret on one line.
enum SecretFile {
    static func read(_ path: String, _ what: String) throws(Fault) -> String {
        guard let data = FileManager.default.contents(atPath: path), data.count <= 64 << 10 else {
            throw Fault(
                "escalation.secret", "\(what) cannot be read from \(path)",
                hint: "The file must exist, belong to the user that runs Nightshift, and hold one line.")
        }
        let text = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init)
        guard let text, !text.isEmpty else {
            throw Fault("escalation.secret", "\(what) is missing: \(path) is empty")
        }
        return text
    }
}
