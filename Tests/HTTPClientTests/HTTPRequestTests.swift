import Model
import Testing

@testable import HTTPClient

@Suite struct HTTPRequestTests {
    @Test(arguments: [
        ("http://ada:secret@host:80/path?token=x#y", "GET http://host:80/path"),
        ("https://host", "GET https://host"),
        ("http://a:b@c@host/", "GET http://host/"),
        ("http://host?api_key=x", "GET http://host"),
        ("secret", "GET a URL without a scheme"),
    ])
    func secretsOfAURLAreNotShown(url: String, shown: String) {
        #expect(HTTPRequest(url: url).shown == shown)
    }
}
