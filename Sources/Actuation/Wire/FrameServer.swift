import CSystemd
import Glibc
import Model
import Synchronization

/// Two listening sockets and their connections, on one thread that polls.
///
/// A connection has one message under way at a time: the next is read when the answer to the last was handed over. So
/// what a peer can make this process hold is bounded by connections times frames.
final class FrameServer: Sendable {
    enum Door: String, Sendable { case exec, approve }

    struct Listener: Sendable {
        var door: Door
        var socket: Int32
    }

    struct Message: Sendable {
        var connection: Int
        var door: Door
        var peer: SocketPeer
        var body: [UInt8]
    }

    enum Command: Sendable {
        case reply(Int, [UInt8])
        /// Written to every connection of a door.
        case push(Door, [UInt8])
        /// The last bytes, then the connection is closed.
        case close(Int, [UInt8])
        case stop
    }

    let messages: AsyncStream<Message>
    private let commands = Mutex<[Command]>([])
    private let wake = WakeEvent()

    /// `admit` says why a peer is turned away; it is asked on the thread, once a connection.
    init(_ listeners: [Listener], admit: @escaping @Sendable (Door, SocketPeer) -> String?) {
        let (messages, input) = AsyncStream<Message>.makeStream()
        self.messages = messages
        DetachedThread.start {
            let loop = FrameLoop(listeners, admit, input)
            var goesOn = true
            while goesOn {
                loop.wait(self.wake)
                let commands = self.commands.withLock { commands in
                    defer { commands = [] }
                    return commands
                }
                for command in commands { goesOn = loop.obey(command) && goesOn }
                loop.serve()
            }
            loop.end()
        }
    }

    func send(_ command: Command) {
        commands.withLock { $0.append(command) }
        wake.signal()
    }
}

/// What lives on the server's thread.
final class FrameLoop {
    private final class Connection {
        let socket: Int32
        let door: FrameServer.Door
        let peer: SocketPeer
        var input = FrameBuffer()
        var output: [UInt8] = []
        /// A message of it is being answered.
        var isBusy = false
        /// Nothing more is read; closed when `output` is empty.
        var isEnding = false
        var lastActive = monotonicSeconds()

        init(socket: Int32, door: FrameServer.Door, peer: SocketPeer) {
            self.socket = socket
            self.door = door
            self.peer = peer
        }
    }

    private let listeners: [FrameServer.Listener]
    private let admit: @Sendable (FrameServer.Door, SocketPeer) -> String?
    private let messages: AsyncStream<FrameServer.Message>.Continuation
    private var connections: [Int: Connection] = [:]
    private var last = 0
    private var ready: [Int32: Int16] = [:]

    static let connectionsMax: [FrameServer.Door: Int] = [.exec: 8, .approve: 16]
    static let outputMax = 1 << 20
    /// People are quick; the core's connection stays.
    static let idleSecondsMax = 60

    init(
        _ listeners: [FrameServer.Listener], _ admit: @escaping @Sendable (FrameServer.Door, SocketPeer) -> String?,
        _ messages: AsyncStream<FrameServer.Message>.Continuation
    ) {
        self.listeners = listeners
        self.admit = admit
        self.messages = messages
    }

    func wait(_ wake: WakeEvent) {
        var files = [pollfd(fd: wake.file, events: Int16(POLLIN), revents: 0)]
        files += listeners.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
        for connection in connections.values {
            let reads = !connection.isBusy && !connection.isEnding && !connection.input.isFull
            let events = (reads ? POLLIN : 0) | (connection.output.isEmpty ? 0 : POLLOUT)
            files.append(pollfd(fd: connection.socket, events: Int16(events), revents: 0))
        }
        _ = poll(&files, nfds_t(files.count), connections.isEmpty ? -1 : 5000)
        wake.drain()
        ready = Dictionary(files.map { ($0.fd, $0.revents) }) { first, _ in first }
    }

    /// False when the loop is to end.
    func obey(_ command: FrameServer.Command) -> Bool {
        switch command {
        case .reply(let number, let bytes):
            connections[number]?.isBusy = false
            write(bytes, to: number)
        case .push(let door, let bytes):
            for (number, connection) in connections where connection.door == door && !connection.isEnding {
                write(bytes, to: number)
            }
        case .close(let number, let bytes):
            write(bytes, to: number)
            connections[number]?.isEnding = true
        case .stop: return false
        }
        return true
    }

    func serve() {
        for listener in listeners where ready[listener.socket, default: 0] != 0 { accept(listener) }
        for (number, connection) in connections {
            let events = Int32(ready[connection.socket, default: 0])
            if events & (POLLIN | POLLHUP | POLLERR) != 0 { read(number, connection) }
            advance(number, connection)
        }
        ready = [:]
    }

    func end() {
        for connection in connections.values { close(connection.socket) }
        for listener in listeners { close(listener.socket) }
        messages.finish()
    }

    // MARK: One connection

    private func accept(_ listener: FrameServer.Listener) {
        let socket = Glibc.accept(listener.socket, nil, nil)
        guard socket >= 0 else { return }
        _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
        _ = fcntl(socket, F_SETFL, O_NONBLOCK)
        guard let peer = SocketPeer(socket) else {
            close(socket)
            return
        }
        last += 1
        let connection = Connection(socket: socket, door: listener.door, peer: peer)
        let count = connections.values.count { $0.door == listener.door && !$0.isEnding }
        connections[last] = connection
        if let reason = admit(listener.door, peer) {
            turnAway(last, reason)
        } else if count >= Self.connectionsMax[listener.door, default: 0] {
            turnAway(last, "too many connections")
        }
    }

    private func read(_ number: Int, _ connection: Connection) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = recv(connection.socket, &buffer, buffer.count, 0)
        if count > 0 {
            connection.lastActive = monotonicSeconds()
            if !connection.isEnding { connection.input.append(buffer[..<count]) }
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            drop(number, connection)
        }
    }

    /// Hands over a whole frame, writes what waits to be written, ends what is to end.
    private func advance(_ number: Int, _ connection: Connection) {
        guard connections[number] != nil else { return }
        if !connection.isBusy, !connection.isEnding {
            do throws(Fault) {
                if let body = try connection.input.next() {
                    connection.isBusy = true
                    messages.yield(
                        FrameServer.Message(
                            connection: number, door: connection.door, peer: connection.peer, body: body))
                }
            } catch {
                turnAway(number, error.message)
            }
        }
        flush(number, connection)
        let idle = monotonicSeconds() - connection.lastActive
        if connection.isEnding, connection.output.isEmpty || idle > 5 {
            drop(number, connection)
        } else if connection.door == .approve, !connection.isBusy, !connection.isEnding, idle > Self.idleSecondsMax {
            turnAway(number, "nothing was asked for \(Self.idleSecondsMax) s")
        }
    }

    private func turnAway(_ number: Int, _ reason: String) {
        do throws(Fault) {
            write(try Frame.bytes(Reply.closed(reason: reason), id: 0), to: number)
        } catch {
            // A reason that cannot be told: the connection is closed all the same.
        }
        connections[number]?.isEnding = true
    }

    private func write(_ bytes: [UInt8], to number: Int) {
        guard let connection = connections[number], !connection.isEnding else { return }
        connection.output += bytes
        if connection.output.count > Self.outputMax { return drop(number, connection) }
        flush(number, connection)
    }

    private func flush(_ number: Int, _ connection: Connection) {
        guard !connection.output.isEmpty else { return }
        let count = send(connection.socket, connection.output, connection.output.count, Int32(MSG_NOSIGNAL))
        if count > 0 {
            connection.lastActive = monotonicSeconds()
            connection.output.removeFirst(count)
        } else if errno != EAGAIN && errno != EINTR {
            drop(number, connection)
        }
    }

    private func drop(_ number: Int, _ connection: Connection) {
        guard connections.removeValue(forKey: number) != nil else { return }
        close(connection.socket)
    }
}

private func monotonicSeconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec
}
