import CCrypto

/// Cryptographic digests, by libcrypto.
public enum Digest {
    /// SHA-256 as 64 lowercase hexadecimal digits.
    public static func sha256(_ bytes: some Sequence<UInt8>) -> String {
        let input = ContiguousArray(bytes)
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        input.withUnsafeBufferPointer { _ = SHA256($0.baseAddress, $0.count, &digest) }
        return digest.map(Escape.hexadecimal).joined()
    }
}
