import Actuation
import ArgumentParser
import Daemon
import Incidents
import Model

/// The demo where there is nothing to break: a journal that was recorded when nginx was killed, through the same rules,
/// incidents and runbooks. Nothing acts.
enum RecordedDemo {
    static func run(because why: String) async throws -> Never {
        Terminal.say(
            """
            No lab here, and \(why).
            So this is a RECORDING: the journal of a host on which nginx was killed, as if it had been written just now. It \
            goes through real rules and a real runbook, which only says what it would do. Nothing acts.
            """)
        for incident in try await Replay.incidents(journal: journal, rules: rules, runbooks: [runbook]) {
            Terminal.say("\n" + IncidentText.show(incident, zoneOffset: Terminal.zoneOffset(at: .now())))
        }
        Terminal.say(
            """

            It was a recording: nothing was done, so nothing is resolved. To see a repair, run make demo as root (it boots a \
            lab), or nightshift demo in a session that has a systemd of its own.
            """)
        throw ExitCode(1)
    }

    private static let rules = """
        groups:
          - name: demo
            rules:
              - log: UnitFailed
                match: {_PID: 1, MESSAGE_ID: d9b373ed55a64feb8242e02dbe79a49c}
                labels: {severity: critical}
                annotations: {summary: "{{ $labels.unit }} failed ({{ $fields.UNIT_RESULT }})"}

        """

    private static let runbook = DemoContent.runbook(unit: "nginx.service")

    /// `journalctl --output=json --output-fields=…`, recorded on Debian 12 with nginx 1.22.1.
    private static let journal = #"""
        {"__REALTIME_TIMESTAMP":"1795553694268920","_PID":"1","UNIT":"nginx.service","PRIORITY":"6","_HOSTNAME":"lab",\#
        "MESSAGE_ID":"39f53479d3a045ac8e11786248231fbf","JOB_RESULT":"done","JOB_TYPE":"start",\#
        "MESSAGE":"Started nginx.service - A high performance web server and a reverse proxy server.",\#
        "__CURSOR":"s=5605eaa178f945fbb46f1ce96d3f8b32;i=24;b=349490ad050144c290f89b4672e0e00f;m=28e9c35f8;t=6610bec1f3df8"}
        {"__REALTIME_TIMESTAMP":"1795553696680056","_PID":"1","UNIT":"nginx.service","PRIORITY":"4","_HOSTNAME":"lab",\#
        "MESSAGE_ID":"98e322203f7a4ed290d09fe03c09fe15","EXIT_CODE":"killed","EXIT_STATUS":"9",\#
        "MESSAGE":"nginx.service: Main process exited, code=killed, status=9/KILL",\#
        "__CURSOR":"s=5605eaa178f945fbb46f1ce96d3f8b32;i=2f;b=349490ad050144c290f89b4672e0e00f;m=28ec10078;t=6610bec440878"}
        {"__REALTIME_TIMESTAMP":"1795553696682396","_PID":"1","UNIT":"nginx.service","PRIORITY":"4","_HOSTNAME":"lab",\#
        "MESSAGE_ID":"d9b373ed55a64feb8242e02dbe79a49c","UNIT_RESULT":"signal",\#
        "MESSAGE":"nginx.service: Failed with result 'signal'.",\#
        "__CURSOR":"s=5605eaa178f945fbb46f1ce96d3f8b32;i=32;b=349490ad050144c290f89b4672e0e00f;m=28ec1099c;t=6610bec44119c"}
        """#
}
