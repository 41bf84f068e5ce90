import FoundationEssentials
import HTTPClient
import Model

/// Scrapes one target again and again.
struct TargetScraper {
    private let target: ScrapeTarget
    private let schedule: ScrapeSchedule
    private let client: HTTPClient
    private let clock: HostClock
    private var series: TargetSeries

    init(_ target: ScrapeTarget, client: HTTPClient, clock: HostClock) {
        self.target = target
        self.client = client
        self.clock = clock
        schedule = ScrapeSchedule(target)
        series = TargetSeries(target)
    }

    /// Waits until the target is due and scrapes it; nil when the task is cancelled.
    mutating func next() async -> Scrape? {
        let before = clock.now().wall
        let due = schedule.next(after: before)
        do {
            try await clock.sleep(due - before)
        } catch {
            return nil  // cancelled: there is no next scrape
        }
        let start = clock.now()
        let time = schedule.sampleTime(due: due, began: start.wall)
        let answer: Result<HTTPResponse, Fault>
        do throws(Fault) {
            answer = .success(try await fetch())
        } catch {
            answer = .failure(error)
        }
        if Task.isCancelled { return nil }
        return scrape(answer, at: time, duration: clock.now().since(start))
    }

    private static let accepted =
        "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

    private func fetch() async throws(Fault) -> HTTPResponse {
        let config = target.config
        var request = HTTPRequest(url: target.url, timeout: config.timeout, bodyLimit: config.bodySizeLimit.bytes)
        request.connectTimeout = config.timeout
        request.headers = [
            ("Accept", Self.accepted), ("X-Prometheus-Scrape-Timeout-Seconds", "\(config.timeout.inSeconds)"),
        ]
        switch config.authorization {
        case .basic(let username, let file):
            let pair = Data("\(username):\(try SecretFile.read(file))".utf8)
            request.headers.append(("Authorization", "Basic \(pair.base64EncodedString())"))
        case .token(let type, let file):
            request.headers.append(("Authorization", "\(type) \(try SecretFile.read(file))"))
        case nil: break
        }
        let response = try await client.send(request)
        guard response.status == 200 else {
            throw Fault("scrape.status", "\(request.shown) answered with status \(response.status)")
        }
        return response
    }

    private mutating func scrape(
        _ answer: Result<HTTPResponse, Fault>, at time: Timestamp, duration: Duration
    ) -> Scrape {
        var scrape = Scrape(
            target: target.labels, url: HTTPRequest.withoutSecrets(target.url), began: time, duration: duration,
            up: false,
            fault: nil, samples: [], stale: [])
        var reading = TargetSeries.Reading()
        do throws(Fault) {
            let response = try answer.get()
            reading = try response.body.withBytes { (bytes) throws(Fault) in
                try series.read(bytes, contentType: response[header: "content-type"], at: time)
            }
            scrape.up = true
            scrape.stale = series.endScrape(reading)
        } catch {
            reading = TargetSeries.Reading()
            scrape.fault = Fault(
                error.code, "the scrape of \(target.labels) failed: \(error.message)", hint: error.hint)
            scrape.stale = series.endFailedScrape()
        }
        scrape.samples = reading.samples
        let about: [(String, Double)] = [
            ("up", scrape.up ? 1 : 0), ("scrape_duration_seconds", duration.inSeconds),
            ("scrape_samples_scraped", Double(reading.scraped)),
            ("scrape_samples_post_metric_relabeling", Double(reading.samples.count)),
            ("scrape_series_added", Double(reading.added)),
        ]
        for (name, value) in about {
            var labels = target.labels
            labels["__name__"] = name
            scrape.samples.append((labels, Sample(milliseconds: time.milliseconds, value: value)))
        }
        return scrape
    }
}

extension [UInt8] {
    /// `withUnsafeBytes` with a typed error.
    fileprivate func withBytes<T>(_ body: (UnsafeRawBufferPointer) throws(Fault) -> T) throws(Fault) -> T {
        let result: Result<T, Fault> = withUnsafeBytes { bytes in
            do throws(Fault) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
