import Incidents
import Model
import Text

/// The read-only pages, plain HTML without scripts: every value is escaped, a state is a sign and a word.
enum StatusPage {
    static func overview(_ status: StatusView, _ incidents: [IncidentView]) -> String {
        let healthy = status.warnings.isEmpty && !status.halted
        var body = "<h1>\(healthy ? "✔ well" : "✘ needs attention")</h1>\n"
        if status.halted {
            body += "<p><strong>Halted</strong>: no action starts until <code>nightshift resume</code>.</p>\n"
        }
        for warning in status.warnings { body += "<p role=\"alert\">\(Escape.html(warning))</p>\n" }
        body += """
            <dl>
            <dt>since</dt><dd>\(Escape.html(status.since)), version \(Escape.html(status.version)), actuation \(Escape.html(status.actuation))</dd>
            <dt>journal</dt><dd>\(status.journal.entries) entries, lag \(status.journal.lag_seconds) s, \(status.journal.gaps) gaps</dd>
            <dt>metrics</dt><dd>\(status.metrics.up) of \(status.metrics.targets) targets up, \(status.metrics.series) series</dd>
            <dt>agents</dt><dd>\(status.agents.state == .waiting ? "not heard" : status.agents.state.rawValue), \(status.agents.tasks) tasks</dd>
            <dt>rules</dt><dd>\(status.rules.loaded) loaded, \(status.rules.firing) firing</dd>
            </dl>
            <h2>Incidents</h2>

            """
        if incidents.isEmpty {
            body += "<p>No incident so far.</p>\n"
        } else {
            body += "<table><thead><tr><th scope=\"col\">state</th><th scope=\"col\">opened</th>"
            body +=
                "<th scope=\"col\">severity</th><th scope=\"col\">incident</th><th scope=\"col\">runbook</th></tr></thead>\n"
            for incident in incidents.prefix(200) { body += row(incident) }
            body += "</table>\n"
        }
        return page("Nightshift", body)
    }

    static func incident(_ incident: IncidentView) -> String {
        var body = """
            <p><a href="/">all incidents</a></p>
            <h1>\(sign(incident.state)) \(Escape.html(incident.summary))</h1>
            <pre>\(Escape.html(IncidentText.show(incident, zoneOffset: 0)))</pre>

            """
        body += "<h2>Labels</h2>\n<dl>\n"
        for (name, value) in incident.labels.sorted(by: { $0.key < $1.key }) {
            body += "<dt>\(Escape.html(name))</dt><dd>\(Escape.html(value))</dd>\n"
        }
        body += "</dl>\n"
        return page("Incident \(incident.id)", body)
    }

    private static func row(_ incident: IncidentView) -> String {
        """
        <tr><td>\(sign(incident.state))</td><td>\(Escape.html(incident.opened_at))</td>\
        <td>\(Escape.html(incident.severity))</td>\
        <td><a href="/incidents/\(Escape.html(incident.id))">\(Escape.html(incident.summary))</a></td>\
        <td>\(Escape.html(incident.runbook ?? "–"))</td></tr>

        """
    }

    private static func sign(_ state: String) -> String {
        let sign =
            switch state {
            case "resolved": "✔"
            case "closed": "–"
            case "escalated": "✘"
            default: "…"
            }
        return "\(sign) \(Escape.html(state.split(separator: "_").joined(separator: " ")))"
    }

    private static func page(_ title: String, _ body: String) -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>\(Escape.html(title))</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <style>
        body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1b1b1b; background: #fff }
        table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ccc }
        dt { float: left; clear: left; width: 7rem; color: #444 } dd { margin-left: 8rem } pre { overflow-x: auto; font-size: 13px }
        [role=alert] { border-left: 4px solid #b00020; padding-left: .6rem }
        @media (prefers-color-scheme: dark) { body { color: #eee; background: #111 } dt { color: #bbb } a { color: #9cf } }
        </style></head><body>
        \(body)</body></html>

        """
    }
}
