import Model
import Testing

@Suite struct LabelsTests {
    @Test func keepsNamesSortedAndDropsEmptyValues() {
        var labels = Labels([("b", "2"), ("a", "1"), ("c", "")])
        #expect(labels.names == ["a", "b"])
        labels["b"] = nil
        labels["d"] = "4"
        #expect(labels.description == #"{a="1", d="4"}"#)
    }

    @Test func escapesItsText() {
        #expect(Labels([("a", "x\"y\\z\n")]).description == #"{a="x\"y\\z\n"}"#)
    }

    @Test func mergingPrefersTheOther() {
        #expect(Labels(["a": "1", "b": "2"]).merging(["b": "3"]) == ["a": "1", "b": "3"])
    }

    @Test func theUnitOfAnEntryComesFromTrustedWordsOnly() {
        let claimed = LogEntry(
            at: Timestamp(seconds: 0), fields: ["UNIT": "ssh.service", "_SYSTEMD_UNIT": "web.service"])
        #expect(claimed.unit == "web.service")
        let systemd = LogEntry(at: Timestamp(seconds: 0), fields: ["UNIT": "ssh.service", "_PID": "1"])
        #expect(systemd.unit == "ssh.service")
    }
}
