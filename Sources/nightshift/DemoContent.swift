/// The rule, the runbook and the settings of the demo on the user's own systemd.
enum DemoContent {
    static let rule = """
        groups:
          - name: demo
            rules:
              - log: UnitFailed
                match: {_SYSTEMD_USER_UNIT: init.scope, MESSAGE_ID: d9b373ed55a64feb8242e02dbe79a49c}
                labels: {severity: critical}
                annotations: {summary: "{{ $labels.unit }} failed"}

        """

    static func runbook(unit: String) -> String {
        """
        runbook: demo-restart
        description: Restart the demo's own unit.
        when_not: Never on anything else.
        on:
          - [alertname="UnitFailed"]
        parameters:
          unit: {type: unit, from: '{{ $labels.unit }}', allow: [\(unit)]}
        mode: auto
        risk: low
        steps:
          - name: restart
            systemd: {restart: '{{ $params.unit }}'}
            timeout: 30s
        verify:
          expr: 'unit_active{unit="{{ $params.unit }}"} == 1'
          for: 3s
          within: 30s
        otherwise: [undo, escalate]

        """
    }

    static func settings(directory: String, port: Int?) -> String {
        """
        state: \(directory)/state
        runtime: \(directory)
        rules: [\(directory)/rules]
        runbooks: [\(directory)/runbooks]
        actuation: user
        evaluation_interval: 1s
        journal: {source: user}
        console: {listen: \(port.map { "'127.0.0.1:\($0)'" } ?? "null")}

        """
    }
}
