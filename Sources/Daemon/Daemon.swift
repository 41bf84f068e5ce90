import Actuation
import Agents
import Console
import Delivery
import Detection
import Escalation
import FoundationEssentials
import Glibc
import HTTPClient
import Incidents
import Journal
import Ledger
import Logging
import Model
import Runbooks
import Scraper
import ServiceLifecycle
import Text
import UnixSignals

/// The composition root: makes every part, in the order in which an event travels, and runs them until SIGTERM.
public enum Daemon {
    /// Runs until SIGTERM or SIGINT; a Fault `settings.unusable` says why it cannot start.
    public static func run(settingsPath: String?, version: String) async throws {
        let logger = Logger(label: "nightshift") {
            JournalLogHandler(label: $0, toJournal: JournalLogHandler.isUnderJournal)
        }
        let settings: Settings
        let content: Content
        do {
            settings = try SettingsFile.load(settingsPath)
            content = try Content.load(settings)
            for directory in [settings.state, settings.runtime, settings.ownExecutor] {
                if let directory { try makeDirectory(directory) }
            }
        } catch {
            throw Fault("settings.unusable", "Nightshift cannot start:\n\(error)")
        }
        let parts = try await Parts(settings, content, logger: logger)
        logger.notice(
            """
            nightshift \(version): \(content.rules.count) rules, \(content.runbooks.count) runbooks, \
            actuation \(settings.actuation.rawValue)
            """)
        let group = ServiceGroup(
            configuration: .init(
                services: parts.services(settingsPath: settingsPath, version: version),
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }))
        try await group.run()
        Readiness.stopping()
        logger.notice("stopped; everything is stored")
    }
}

extension Daemon {
    /// Makes a directory and those above it that are missing.
    private static func makeDirectory(_ path: String) throws(Fault) {
        var made = path.hasPrefix("/") ? "/" : ""
        for component in path.split(separator: "/") {
            made += component + "/"
            guard mkdir(made, 0o755) == 0 || errno == EEXIST else {
                let reason = String(cString: strerror(errno))
                throw Fault("directory.make", "the directory \(path) cannot be made: \(reason)")
            }
        }
        var found = stat()
        guard stat(path, &found) == 0, found.st_mode & S_IFMT == S_IFDIR else {
            throw Fault("directory.make", "\(path) is not a directory")
        }
    }
}

/// The parts of one daemon.
struct Parts: Sendable {
    let settings: Settings
    let content: CurrentContent
    let ledger: Ledger
    let clock = HostClock.host
    let http = HTTPClient()
    let bus: SystemBus
    let executor: (any Executor)?
    let observatory: Observatory
    let outbox: Outbox
    let driver: Driver
    /// Nil where no provider of a model is set.
    let development: Development?
    let logger: Logger

    init(_ settings: Settings, _ content: Content, logger: Logger) async throws {
        self.settings = settings
        self.logger = logger
        self.content = CurrentContent(content, installed: settings.helperInstalled)
        let clock = clock
        let masking = try Masking(extra: settings.redaction)
        ledger = try await Ledger.open(
            path: settings.ledgerPath, sizes: LedgerSizes(most: settings.retention.disk),
            onCommit: CrashTest.afterCommit)
        bus = SystemBus(settings.actuation == .user ? .user : .system)
        observatory = try await Self.observatory(settings, content, ledger, clock, masking, logger)
        outbox = Outbox(
            ledger: ledger, settings: { settings.escalation }, client: http, clock: clock,
            random: { Double.random(in: 0..<1) }, log: { logger.warning("\($0)") })
        executor = try Self.executor(settings, self.content, bus, clock, logger)
        let url = settings.consoleListen.map { "http://\($0.host):\($0.port)" } ?? ""
        let (outbox, http, runbooks) = (outbox, http, self.content)
        let evidence = EscalationEvidence(settings: settings, observatory: observatory, clock: clock)
        development = Self.development(settings, self.content, clock)
        var parts =
            DriverParts(
                ledger: ledger, executor: executor, runbooks: { runbooks.forRuns(settings) }, observations: observatory,
                send: { request throws(Fault) in try await http.send(request) },
                pager: Pager(settings: settings.escalation, masking: masking, externalURL: url),
                wakeOutbox: { outbox.wake() }, sendFromMemory: { outbox.send(fromMemory: $0) }, clock: clock,
                masking: masking,
                protectedUnits: ProtectedUnits(add: settings.protectedAdd, remove: settings.protectedRemove),
                actionLimit: Budget(count: settings.actionLimit.count, per: settings.actionLimit.per),
                runsDirectory: settings.ownExecutor.map { $0 + "/runs" } ?? settings.runsDirectory,
                logger: logger, evidence: { await evidence.lines($0, $1) })
        parts.development = development
        driver = Driver(parts)
        await observatory.setListener(driver)
    }

    static func observatory(
        _ settings: Settings, _ content: Content, _ ledger: Ledger, _ clock: HostClock, _ masking: Masking,
        _ logger: Logger
    ) async throws -> Observatory {
        let bookSettings = IncidentBook.Settings()
        let since = clock.now().wall - bookSettings.flapping
        let (known, counts, state) = try await ledger.read { reader in
            (try reader.incidents(), try reader.counts(), try reader.snapshot(name: Observatory.ruleStateName))
        }
        let remembered = known.filter { !$0.state.isEnded || ($0.endedAt ?? since) > since }
        let book = IncidentBook(
            restoring: remembered.map { KnownIncident(incident: $0.incident, state: $0.state, endedAt: $0.endedAt) },
            settings: bookSettings, masking: masking)
        let ruleState = try state.map { try JSONDecoder().decode(RuleEngineSnapshot.self, from: Data($0.utf8)) }
        return Observatory(
            settings: settings, content: content, ledger: ledger, clock: clock, logger: logger, book: book,
            counts: counts, ruleState: ruleState)
    }

    private static func development(_ settings: Settings, _ content: CurrentContent, _ clock: HostClock) -> Development?
    {
        guard settings.agents.provider != nil else { return nil }
        return Development(
            desk: WorkDesk(clock: clock), projects: { settings.projects }, roles: { content.current.roles },
            // Without git a forge step fails, and says so.
            git: try? Git(),
            startsAgents: !Development.isUnit(ProcessInfo.processInfo.environment, process: getpid()))
    }

    private static func executor(
        _ settings: Settings, _ content: CurrentContent, _ bus: SystemBus, _ clock: HostClock, _ logger: Logger
    ) throws -> (any Executor)? {
        switch settings.actuation {
        case .observe: return nil
        case .exec: return ExecutorClient(path: settings.helperSocket)
        case .user:
            return try ExecutorCore(
                bus: bus, installed: OwnRunbooks(content: content, settings: settings), clock: clock,
                options: .init(
                    directory: settings.ownExecutor ?? settings.state, isRoot: false, onCommit: CrashTest.afterCommit,
                    say: { logger.notice("\($0)") }))
        }
    }

    /// In the order in which they begin; they end the other way round.
    func services(settingsPath: String?, version: String) -> [any Service] {
        let (driver, observatory, outbox, bus) = (driver, observatory, outbox, bus)
        let backend = DaemonBackend(
            version: version, started: clock.now().wall, settings: settings, content: content, ledger: ledger,
            observatory: observatory, driver: driver, executor: executor, clock: clock)
        let (scrapes, newScrapes) = AsyncStream<[ScrapeConfig]>.makeStream()
        newScrapes.yield(settings.metrics.scrapeConfigs)
        var services: [any Service] = [
            Running { try await outbox.run() },
            Running { try await driver.run() },
            SamplerService(
                observatory: observatory, units: UnitSamples { unit throws(Fault) in try await bus.state(of: unit) },
                clock: clock, interval: min(settings.evaluationInterval, .seconds(15)), logger: logger,
                interesting: { [content] in await observatory.unitsInTrouble.union(content.units(settings)) },
                isUrgent: { await driver.isWatching }),
            EvaluationService(observatory: observatory, clock: clock),
            ScrapeService(
                observatory: observatory, configurations: scrapes,
                scraper: { [http, clock] in Scraper($0, client: http, clock: clock) }),
            JournalService(
                settings: settings.journal, content: content, observatory: observatory, ledger: ledger, clock: clock,
                logger: logger),
            ConsoleServer(
                .socket(path: settings.controlSocket, access: access), backend: backend, logger: logger),
            Reloader(settingsPath: settingsPath, settings: settings, logger: logger) { [content] new, newContent in
                content.replace(newContent)
                await observatory.reload(newContent, settings: new)
                newScrapes.yield(new.metrics.scrapeConfigs)
            },
            WatchdogService(clock: clock) { await observatory.trouble },
            LedgerMender(
                state: { [ledger] in ledger.state }, reopen: { [ledger] in try await ledger.reopen() },
                takeUp: { [driver] in try await driver.takeUpAnew() }, clock: clock, logger: logger),
            RetentionService(ledger: ledger, retention: settings.retention, clock: clock, logger: logger),
            ReadyService(socket: settings.controlSocket, observatory: observatory, clock: clock),
        ]
        if let development { services += agentServices(development, settingsPath) }
        if let core = executor as? ExecutorCore { services.insert(Running { await core.run() }, at: 0) }
        if let listen = settings.consoleListen {
            services.append(ConsoleServer(.tcp(host: listen.host, port: listen.port), backend: backend, logger: logger))
        }
        if let url = settings.deadman.url {
            let deadman = Deadman(
                url: url, every: settings.deadman.every, client: http, clock: clock,
                isHealthy: { await observatory.trouble == nil }, log: { [logger] in logger.warning("\($0)") })
            services.append(Running { try await deadman.run() })
        }
        return services
    }

    private var access: Access {
        Access(
            viewers: settings.access.viewers, operators: settings.access.operators,
            approvers: settings.access.approvers, ownUID: geteuid())
    }
}

/// A part that runs until it is cancelled, as a service.
struct Running: Service {
    let body: @Sendable () async throws -> Void

    init(_ body: @escaping @Sendable () async throws -> Void) { self.body = body }

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await body() }
        } catch is CancellationError {
            // That is how it ends.
        }
    }
}
