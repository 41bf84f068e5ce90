import Model
import Runbooks
import Testing

/// Runbooks that the tests of this target share.
enum Samples {
    /// One restart, proven by a series.
    static let restart = """
        runbook: restart-web
        description: Restart web when it does not answer.
        on:
          - [alertname="WebDown"]
        parameters:
          unit: {type: unit, from: '{{ $labels.unit }}', allow: [web.service, cache.service]}
        mode: auto
        risk: low
        steps:
          - name: restart
            systemd: {restart: '{{ $params.unit }}'}
            timeout: 30s
        verify:
          expr: 'up{unit="{{ $params.unit }}"} == 1'
          for: 10s
          within: 1m

        """

    /// Every step kind, retries, undos.
    static let everything = """
        runbook: everything
        description: Does one of each.
        when_not: Never mind.
        on:
          - [alertname="Leak", severity=~"critical|warning"]
          - ['alertname="Other"']
        parameters:
          unit: {type: unit, from: '{{ $labels.unit }}', allow: [web.service]}
          api: {type: url, from: 'http://127.0.0.1:8080/api', allow: ['http://127.0.0.1:8080/']}
          files: {type: list, of: {type: path, under: /var/cache/app}, from: '/var/cache/app/a,/var/cache/app/b c'}
          limit: {type: size, from: 64MiB}
          window: {type: duration, from: 90s}
        target: unit
        mode: auto
        risk: low
        limits:
          cooldown: 10m
          attempts: 2 per 1h
          concurrent: {host: 2}
          not_when: 'avg(up{job="web"}) < 0.8'
        preconditions: ['memory_bytes{unit="{{ $params.unit }}"} > {{ $params.limit }}']
        steps:
          - name: dump
            run: [/usr/bin/dump, '{{ $params.unit }}', --to, '{{ $run.directory }}/heap', '{{ $params.files }}']
            timeout: 60s
            on_error: continue
            undo: {run: [/usr/bin/undump, '{{ $params.unit }}'], timeout: 20s}
          - name: drain
            http:
              method: POST
              url: '{{ $params.api }}/drain?unit={{ $params.unit }}'
              headers: {Content-Type: application/json, X-Run: '{{ $run.id }}'}
              body: '{"unit": "{{ $params.unit }}", "exit": {{ $steps.dump.result.exit }}}'
              expect: {status: [200, 202], pattern: 'ok|done'}
            probe: {http: {url: '{{ $params.api }}/drained'}}
            undo: {http: {method: POST, url: '{{ $params.api }}/undrain'}}
            if: eq $steps.dump.outcome "done"
          - name: settle
            wait: 5s
          - name: restart
            systemd: {restart: '{{ $params.unit }}'}
            retry: {attempts: 3, backoff: 2s}
            on_error: undo
            undo: {systemd: {start: '{{ $params.unit }}'}}
          - name: healthy
            check: 'up{unit="{{ $params.unit }}"} == 1'
            timeout: 30s
          - name: sure
            approve: {by: ops, expires: 10m, show: 'Keep {{ $params.unit }} as it is?'}
          - name: tell
            notify: {to: on-call, text: '{{ $params.unit }} was restarted ({{ $steps.restart.result.job_result }})'}
        verify:
          expr: 'memory_bytes{unit="{{ $params.unit }}"} < {{ $params.limit }} and rate(x[{{ $params.window }}]) >= 0'
          for: 30s
          within: 3m
        otherwise: [undo, escalate]
        escalate:
          to: on-call
          with: [logs 15m, metrics 1h]
          agents: none

        """

    static func parse(_ text: String) throws -> Runbook { try Runbook.parse(text, file: "r.yaml") }

    /// `text` with one line changed, added or removed.
    static func changed(_ text: String, _ old: String, to new: String) -> String {
        #expect(text.contains(old), "the sample has no \(old)")
        return text.replacing(old, with: new, maxReplacements: 1)
    }
}
