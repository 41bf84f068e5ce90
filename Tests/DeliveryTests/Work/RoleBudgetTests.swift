import Agents
import Foundation
import Model
import Testing

/// The shipped roles' budgets as parts of an incident's.
@Suite struct RoleBudgetTests {
    @Test func theRolesTogetherHaveTheStandardBudget() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: AgentDeskTests.folder.path).sorted()
        let roles = try files.map { name in
            try Role.parse(
                String(decoding: try Data(contentsOf: AgentDeskTests.folder.appending(path: name)), as: UTF8.self),
                file: name)
        }
        let whole = Budget()
        #expect(roles.count == 7 && roles.map(\.budget.tokens).reduce(0, +) <= whole.incidentTokens)
        #expect(roles.map(\.budget.cost).reduce(.zero, +) <= whole.incident)
    }

    /// Tokens and money each by its own; time and requests are the file's.
    @Test(
        arguments: [
            (200_000, 1, 60_000, 260_000), (2_000_000, 5, 600_000, 1_300_000), (100_000, 1, 60_000, 260_000),
            (200_000, 10, 60_000, 2_600_000), (1_000_000_000, 1_000_000_000, 300_000_000, 260_000_000_000_000),
        ] as [(Int, Int64, Int, Int64)])
    func aRolesPartGrowsWithTheWhole(tokens: Int, dollars: Int64, partTokens: Int, partCost: Int64) {
        let role = Role.Budget(turns: 30, tokens: 60_000, cost: Money(microdollars: 260_000), wall: .seconds(60))
        let whole = Budget(incident: Money(microdollars: dollars * 1_000_000), incidentTokens: tokens)
        #expect(
            role.part(of: whole)
                == Role.Budget(
                    turns: 30, tokens: partTokens, cost: Money(microdollars: partCost), wall: .seconds(60)))
    }
}
