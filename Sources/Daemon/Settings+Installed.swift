public import Actuation
import Delivery

extension Settings {
    /// What `nightshift runbooks install` hands over of the projects in a settings file, the standard one where none is
    /// named: their commands. Diagnostics or a Fault says what is wrong with the file.
    public static func installedProjects(file: String?) throws -> [InstalledProject] {
        try SettingsFile.load(file ?? SettingsFile.standardPath).installedProjects
    }

    /// The projects that deploy steps can be about.
    var installedProjects: [InstalledProject] {
        projects.filter { $0.staging != nil || $0.production != nil }.map { project in
            InstalledProject(
                name: project.name,
                staging: project.staging.map { InstalledProject.Staging(deploy: $0.deploy, test: $0.test) },
                production: project.production.map {
                    InstalledProject.Production(deploy: $0.deploy, rollback: $0.rollback)
                })
        }
    }
}
