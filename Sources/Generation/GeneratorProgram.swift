import Glibc
import JSONText

/// A program that reads requests and writes records, one JSON object a line, on its standard streams.
///
/// It is given every request as a line (`RecordRequest.json`) and then the end of its input. For each it writes lines
/// `{"id": ID, "record": RECORD}` and, when it has no more, `{"id": ID, "done": true}`; all are taken as done when
/// it ends by itself. A program that writes nothing for too long is killed; one that ends before it is done is
/// started again with what is left, and a request at which it died twice is given up.
public struct GeneratorProgram {
    /// The longest line that is read.
    private static let longestLine = 16 << 20
    /// Starts in a row that brought nothing, after which it is enough.
    private static let mostVainStarts = 3
    /// Lines of one life that are no record of a request.
    private static let mostUseless = 1000
    /// Deaths at the same request after which it is given up.
    private static let mostDeaths = 2

    private let command: String
    private let environment: [String]
    private let seconds: Double
    private let warn: (String) -> Void

    /// A program that a shell starts.
    ///
    /// `environment` is all that it is given, as `NAME=value`; `seconds` without a line from it, after which it is
    /// killed; `warn` is told what goes wrong, one line each.
    public init(
        command: String, environment: [String], seconds: Double, warn: @escaping (String) -> Void
    ) {
        self.command = command
        self.environment = environment
        self.seconds = seconds
        self.warn = warn
    }

    /// Asks for records, which go into the log as they come.
    ///
    /// - Throws: `GenerationError` when the program cannot be started.
    public func supply(_ requests: [RecordRequest], log: GenerationLog) throws -> SupplyAccount {
        var account = SupplyAccount()
        for request in requests { account.resumed += log.records(for: request.id).count }
        var open = requests.filter {
            !log.isDone($0.id) && log.records(for: $0.id).count < $0.count
        }
        var deaths: [String: Int] = [:]
        var vainStarts = 0
        var silent: Set<String> = []
        while !open.isEmpty {
            var sent: [(request: RecordRequest, count: Int)] = []
            var limit: String?
            for request in open where limit == nil {
                let lacking = request.count - log.records(for: request.id).count
                switch log.claim(records: lacking) {
                case .granted(let count): sent.append((request, count))
                case .refused(let why): limit = why
                }
            }
            guard !sent.isEmpty else {
                account.givenUp += open.map { "\($0.wanted): \(limit ?? "")" }
                break
            }
            let life = try live(sent, log: log)
            for (_, count) in sent { log.release(records: count) }
            account += life.account
            if life.ending == nil {
                // It ended by itself and has had its say; one that said nothing of a request may be asked in
                // another run.
                for (request, count) in sent where !log.isDone(request.id) {
                    let came = life.came[request.id] ?? 0
                    guard came < count else { continue }
                    if came > 0 { log.finish(request.id) }
                    silent.insert(request.id)
                    if came == 0 { account.givenUp.append("\(request.wanted): not answered") }
                }
            }
            open = open.filter { request in
                !silent.contains(request.id) && !log.isDone(request.id)
                    && log.records(for: request.id).count < request.count
            }
            guard let ending = life.ending else { continue }
            warn("the generator \(ending)\(open.isEmpty ? "" : "; it is started again")")
            vainStarts = life.account.records > 0 ? 0 : vainStarts + 1
            if let first = open.first {
                deaths[first.id, default: 0] += 1
                if deaths[first.id] == GeneratorProgram.mostDeaths {
                    account.givenUp.append("\(first.wanted): the generator \(ending)")
                    open.removeFirst()
                }
            }
            if vainStarts == GeneratorProgram.mostVainStarts {
                account.givenUp += open.map { "\($0.wanted): the generator \(ending)" }
                break
            }
        }
        return account
    }

    /// One life of the program; `ending` is how it failed, `nil` when it ended as it should.
    private func live(
        _ sent: [(request: RecordRequest, count: Int)], log: GenerationLog
    ) throws -> (account: SupplyAccount, came: [String: Int], ending: String?) {
        var account = SupplyAccount()
        account.calls = sent.count
        var input: [UInt8] = []
        for (request, count) in sent { input += request.json(count: count).bytes + [0x0A] }
        var counts = Dictionary(
            sent.map { ($0.request.id, $0.count) }, uniquingKeysWith: { first, _ in first })
        let child = try Child(command, environment: environment)
        defer { child.close() }
        var written = 0
        var pending: [UInt8] = []
        var lastHeard = Child.now
        var ending: String?
        var isAllDone: Bool {
            sent.allSatisfy { log.isDone($0.request.id) || counts[$0.request.id] == 0 }
        }
        loop: while true {
            if written == input.count { child.closeInput() }
            let left = seconds - (Child.now - lastHeard)
            guard left > 0 else {
                ending = "wrote nothing for \(Int(seconds.rounded(.up))) s and was killed"
                account.timeouts += 1
                break
            }
            switch child.wait(seconds: left) {
            case .nothing: continue
            case .canWrite:
                switch child.write(input[written...]) {
                case .some(let count): written += count
                case nil: written = input.count
                }
            case .canRead:
                guard let bytes = child.read() else { break loop }
                pending += bytes
                var start = 0
                while let end = pending[start...].firstIndex(of: 0x0A) {
                    let line = Array(pending[start..<end])
                    start = end + 1
                    guard line.contains(where: { $0 > 0x20 }) else { continue }
                    // Only what was asked for counts as a sign of life.
                    if take(line, &counts, log: log, &account) { lastHeard = Child.now }
                }
                pending.removeSubrange(..<start)
                if pending.count > GeneratorProgram.longestLine {
                    ending = "wrote a line of more than \(GeneratorProgram.longestLine >> 20) MiB"
                    account.failures += 1
                    break loop
                }
                if isAllDone { break loop }
                if account.malformed + account.surplus > GeneratorProgram.mostUseless {
                    ending =
                        "wrote more than \(GeneratorProgram.mostUseless) lines that nobody asked for"
                    account.failures += 1
                    break loop
                }
            }
        }
        if ending == nil, pending.contains(where: { $0 > 0x20 }) {
            _ = take(pending, &counts, log: log, &account)
        }
        // One that has answered everything may take a moment to end; how it ends is its own affair then.
        let status = child.end(isKilled: ending != nil, seconds: isAllDone ? 2 : min(seconds, 10))
        if ending == nil, !isAllDone, status != "" {
            ending = status
            account.failures += 1
        }
        let came = Dictionary(
            sent.map { ($0.request.id, $0.count - (counts[$0.request.id] ?? 0)) },
            uniquingKeysWith: { first, _ in first })
        return (account, came, ending)
    }

    /// One line that the program wrote; whether it is of use.
    private func take(
        _ line: [UInt8], _ counts: inout [String: Int], log: GenerationLog,
        _ account: inout SupplyAccount
    ) -> Bool {
        func refuse(_ why: String) -> Bool {
            account.malformed += 1
            guard account.malformed <= 3 else { return false }
            warn(
                "a line of the generator is not taken: \(why): "
                    + "\(String(decoding: line.prefix(80), as: UTF8.self))")
            return false
        }
        guard let value = try? JSONValue(parsing: line), case .object = value else {
            return refuse("expected a JSON object")
        }
        guard let id = value["id"]?.stringValue, let left = counts[id] else {
            return refuse("expected \"id\" to be that of a request")
        }
        if let record = value["record"] {
            guard left > 0, !log.isDone(id) else {
                account.surplus += 1
                return false
            }
            counts[id] = left - 1
            account.records += 1
            log.add(record, for: id)
        } else if value["done"]?.boolValue == true {
            // Of one that was asked for less than is wanted, more may come when the budget allows it.
            if left > 0, !log.isDone(id) { log.finish(id) }
        } else {
            return refuse("expected \"record\" or \"done\": true")
        }
        return true
    }
}
