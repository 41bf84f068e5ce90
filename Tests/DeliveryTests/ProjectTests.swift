import Delivery
import FoundationEssentials
import Model
import Testing

@Suite struct ProjectTests {
    @Test func aProjectTravelsAsJSON() throws {
        let project = Project(
            name: "payments", units: ["payments.service"],
            repository: .init(url: "/srv/git/payments.git", branch: "main"),
            revision: .file(path: "/srv/payments/REVISION"),
            paths: .init(allow: ["src/**", "tests/**"], tests: ["tests/**"], deny: [".ci/**"]),
            test: ["make", "test"], report: .junit("build/junit.xml"),
            production: .init(
                deploy: ["/srv/payments/deploy", "production"], rollback: ["/srv/payments/rollback"],
                watch: "rate(http_5xx_total[1m]) < 0.1", watchFor: .seconds(300)),
            approveProduction: .lowRisk(paths: ["docs/**"], lines: 50))
        let json = try JSONEncoder().encode(project)
        #expect(try JSONDecoder().decode(Project.self, from: json) == project)
    }
}
