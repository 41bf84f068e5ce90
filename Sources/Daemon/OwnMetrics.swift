import Glibc
import Model

/// Nightshift's own counters and gauges, in the text exposition format at `/metrics`.
struct OwnMetrics: Sendable {
    var journalEntries = 0
    var journalGaps = 0
    var journalLag = 0.0
    var journalBatches = 0
    var evaluations = 0
    var evaluationFailures = 0
    var scrapes = 0
    var scrapesFailed = 0
    var incidentSignals = 0
    var ledgerFailures = 0

    /// Gauges that are read at the moment of asking.
    struct Gauges: Sendable {
        var series = 0
        var samplesDropped = 0
        var rulesFiring = 0
        var incidents: [String: Int] = [:]
        var outboxPending = 0
        var halted = false
        /// Nil where no provider is set.
        var agentsUp: Bool?
        var started = Timestamp(seconds: 0)
    }

    func exposition(_ gauges: Gauges) -> String {
        var out = ""
        func metric(_ name: String, _ type: String, _ help: String, _ values: [(String, Double)]) {
            out += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
            for (labels, value) in values {
                let text = value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
                out += "\(name)\(labels) \(text)\n"
            }
        }
        func counter(_ name: String, _ help: String, _ value: Int) {
            metric(name, "counter", help, [("", Double(value))])
        }
        counter("nightshift_journal_entries_total", "Journal entries read.", journalEntries)
        counter("nightshift_journal_batches_total", "Batches in which they came.", journalBatches)
        counter("nightshift_journal_gaps_total", "Gaps noticed in the journal.", journalGaps)
        metric(
            "nightshift_journal_lag_seconds", "gauge", "Age of the newest entry when it was delivered.",
            [("", journalLag)])
        counter("nightshift_rule_evaluations_total", "Evaluations of rule groups.", evaluations)
        counter("nightshift_rule_evaluation_failures_total", "Rules that could not be evaluated.", evaluationFailures)
        counter("nightshift_incident_signals_total", "Signals that changed an incident.", incidentSignals)
        counter("nightshift_scrapes_total", "Scrapes.", scrapes)
        counter("nightshift_scrapes_failed_total", "Scrapes with up 0.", scrapesFailed)
        counter("nightshift_ledger_failures_total", "Transactions that the ledger refused.", ledgerFailures)
        metric("nightshift_series", "gauge", "Series in memory.", [("", Double(gauges.series))])
        counter(
            "nightshift_samples_dropped_total", "Samples dropped: late, twice, or over the limit.",
            gauges.samplesDropped)
        metric("nightshift_rules_firing", "gauge", "Alerts that fire now.", [("", Double(gauges.rulesFiring))])
        metric(
            "nightshift_incidents", "gauge", "Incidents by state.",
            gauges.incidents.sorted { $0.key < $1.key }.map { ("{state=\"\($0.key)\"}", Double($0.value)) })
        metric(
            "nightshift_outbox_pending", "gauge", "Messages not delivered yet.", [("", Double(gauges.outboxPending))])
        metric("nightshift_halted", "gauge", "1 while no action may start.", [("", gauges.halted ? 1 : 0)])
        if let up = gauges.agentsUp {
            metric("nightshift_agents_up", "gauge", "1 while the agents' process is heard.", [("", up ? 1 : 0)])
        }
        metric("process_start_time_seconds", "gauge", "When the daemon started.", [("", gauges.started.seconds)])
        metric("process_resident_memory_bytes", "gauge", "Resident memory.", [("", Double(Self.residentBytes))])
        metric("process_cpu_seconds_total", "counter", "CPU time used.", [("", Self.cpuSeconds)])
        return out
    }

    private static var residentBytes: Int {
        let pages = TextFile.lines("/proc/self/statm").first?.split(separator: " ").dropFirst().first
        return (pages.flatMap { Int($0) } ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// From `/proc/self/stat`: user and system time in clock ticks, the 14th and 15th field.
    private static var cpuSeconds: Double {
        // The second field is the program's name in parentheses, in which anything may stand.
        guard let line = TextFile.lines("/proc/self/stat").first, let end = line.lastIndex(of: ")") else { return 0 }
        let fields = line[line.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
