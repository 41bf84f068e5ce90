public import Model
import Text

/// The roles of a set of files, each under the name that its file has.
public struct RoleSet: Sendable, Hashable {
    public let roles: [String: Role]

    public subscript(name: String) -> Role? { roles[name] }

    /// Reads `…/NAME.md` of each file; throws every problem of all of them.
    ///
    /// - Parameter tools: the names of all tools that there are; a role that names another is refused.
    public static func parse(_ files: [(path: String, text: String)], tools: [String]) throws(Diagnostics) -> RoleSet {
        let problems = Problems()
        var roles: [String: Role] = [:]
        for (path, text) in files {
            let role: Role
            do throws(Diagnostics) {
                role = try Role.parse(text, file: path)
            } catch {
                problems.add(error)
                continue
            }
            let place = SourcePlace(file: path, line: 1, column: 1)
            let stem = path.split(separator: "/").last.map { $0.prefix { $0 != "." } } ?? ""
            if role.name != stem {
                problems.add(place, "the role \(quoted(role.name)) must stand in \(role.name).md")
            } else if roles.updateValue(role, forKey: role.name) != nil {
                problems.add(place, "the role \(quoted(role.name)) is in two files")
            }
            for tool in role.tools where !tools.contains(tool) {
                let near = nearest(tool, among: tools).map { "; did you mean \"\($0)\"?" } ?? ""
                problems.add(place, "there is no tool \(quoted(tool))\(near)")
            }
        }
        try problems.throwIfAny()
        return RoleSet(roles: roles)
    }
}
