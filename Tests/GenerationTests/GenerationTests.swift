import Foundation
import Generation
import HTTP
import JSONText
import Support
import Testing

/// Programs and endpoints that give records, and what happens when they do not.
@Suite struct GenerationTests {
    static func request(_ wanted: String, count: Int, attempt: Int = 0) -> RecordRequest {
        RecordRequest(
            wanted: wanted, code: "COV002", analyzer: "cover", cell: ["deficit": JSONValue(count)],
            count: count, examples: [["text": "an example"]],
            form: RecordRequest.Form(kind: "object", fields: ["prompt": ["/text"]]),
            attempt: attempt, source: "test")
    }

    static func log(
        _ folder: TemporaryFolder, records: Int = 100, calls: Int? = nil, tokens: Int? = nil
    ) throws -> GenerationLog {
        try GenerationLog(
            path: folder.path("log.jsonl"),
            budget: GenerationBudget(records: records, calls: calls, tokens: tokens))
    }

    private func supply(
        _ script: String, _ requests: [RecordRequest], _ log: GenerationLog,
        _ folder: TemporaryFolder, seconds: Double = 20
    ) throws -> (account: SupplyAccount, warnings: [String]) {
        let path = try folder.write("generate.sh", script)
        var warnings: [String] = []
        let program = GeneratorProgram(
            command: "sh '\(path)'", environment: ["PATH=/usr/bin:/bin", "WORK=\(folder.root)"],
            seconds: seconds, warn: { warnings.append($0) })
        return (try program.supply(requests, log: log), warnings)
    }

    /// Reads requests into `id` and `count`, one after the other.
    private static let loop = """
        while IFS= read -r line; do
        id=$(printf '%s' "$line" | sed 's/.*"id":"\\([0-9a-f]*\\)".*/\\1/')
        count=$(printf '%s' "$line" | sed 's/.*"count":\\([0-9]*\\).*/\\1/')

        """
    private static let answer = """
        i=0; while [ $i -lt $count ]; do i=$((i+1))
        printf '{"id":"%s","record":{"text":"record %s of %s"}}\\n' "$id" "$i" "$id"; done

        """

    @Test("a program answers every request")
    func answers() throws {
        let folder = try TemporaryFolder()
        let log = try GenerationTests.log(folder)
        let requests = [
            GenerationTests.request("a", count: 3), GenerationTests.request("b", count: 2),
        ]
        let (account, warnings) = try supply(
            GenerationTests.loop + GenerationTests.answer + "done\n", requests, log, folder)
        #expect(account.records == 5 && account.calls == 2 && warnings.isEmpty)
        #expect(account.givenUp.isEmpty && account.failures == 0)
        #expect(log.records(for: requests[0].id).count == 3)
        #expect(
            log.records(for: requests[1].id).first?["text"]?.stringValue
                == "record 1 of \(requests[1].id)")
    }

    @Test("a program that dies is started again with what is left")
    func dies() throws {
        let folder = try TemporaryFolder()
        let log = try GenerationTests.log(folder)
        let requests = ["a", "b", "c"].map { GenerationTests.request($0, count: 2) }
        // One request a life; kills itself at the second.
        let script =
            "n=0\n" + GenerationTests.loop + "n=$((n+1)); if [ $n -gt 1 ]; then kill -9 $$; fi\n"
            + GenerationTests.answer + "done\n"
        let (account, warnings) = try supply(script, requests, log, folder)
        #expect(account.records == 6 && account.failures == 2 && account.givenUp.isEmpty)
        #expect(warnings.count == 2 && warnings[0].contains("exit code 137"), "\(warnings)")
    }

    @Test("a request at which it dies every time is given up, the others are answered")
    func poison() throws {
        let folder = try TemporaryFolder()
        let log = try GenerationTests.log(folder)
        let requests = ["a", "poison", "c"].map { GenerationTests.request($0, count: 2) }
        let script =
            GenerationTests.loop + "case \"$line\" in *poison*) exit 3;; esac\n"
            + GenerationTests.answer + "done\n"
        let (account, _) = try supply(script, requests, log, folder)
        #expect(account.records == 4)
        #expect(account.givenUp == ["poison: the generator ended with exit code 3"])
        #expect(log.records(for: requests[2].id).count == 2)
    }

    @Test("a program that cannot start, and one that never answers, end with an account")
    func vain() throws {
        let folder = try TemporaryFolder()
        let log = try GenerationTests.log(folder)
        let one = [GenerationTests.request("a", count: 2)]
        let (account, _) = try supply("exec /no/such/program\n", one, log, folder)
        #expect(account.records == 0 && account.givenUp.count == 1)
        let start = Date()
        let (hanging, warnings) = try supply("sleep 60\n", one, log, folder, seconds: 0.5)
        #expect(hanging.timeouts == 2 && hanging.givenUp.count == 1)
        #expect(warnings.allSatisfy { $0.contains("wrote nothing for 1 s and was killed") })
        #expect(Date().timeIntervalSince(start) < 20)
    }

    @Test("malformed lines and records that nobody asked for are counted and not taken")
    func malformed() throws {
        let folder = try TemporaryFolder()
        let log = try GenerationTests.log(folder)
        let requests = [GenerationTests.request("a", count: 2)]
        let script =
            "echo 'no json'\necho '[1]'\necho '{\"id\":\"other\",\"record\":{}}'\n"
            + GenerationTests.loop + "echo \"{\\\"id\\\":\\\"$id\\\"}\"\ncount=3\n"
            + GenerationTests.answer + "done\n"
        let (account, warnings) = try supply(script, requests, log, folder)
        #expect(account.malformed == 4 && account.records == 2)
        #expect(warnings.count == 3 && warnings[0].contains("no json"))
        #expect(log.records(for: requests[0].id).count == 2)
    }

    @Test("large requests and answers pass while both sides write")
    func large() throws {
        let folder = try TemporaryFolder()
        let log = try GenerationTests.log(folder, records: 100_000)
        let long = String(repeating: "x", count: 4000)
        let requests = (0..<100).map { GenerationTests.request("\(long)\($0)", count: 20) }
        let script =
            "while IFS= read -r line; do id=${line#*\\\"id\\\":\\\"}; id=${id%%\\\"*}\n"
            + "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do\n"
            + "printf '{\"id\":\"%s\",\"record\":{\"text\":\"%s \(long)\"}}\\n' \"$id\" \"$i\"\n"
            + "done; done\n"
        let (account, _) = try supply(script, requests, log, folder)
        #expect(account.records == 2000 && account.givenUp.isEmpty)
    }

    @Test("a second run takes what the first one got from the log and asks for the rest alone")
    func resumes() throws {
        let folder = try TemporaryFolder()
        let requests = ["a", "b"].map { GenerationTests.request($0, count: 2) }
        let script = GenerationTests.loop + GenerationTests.answer + "exit 0\ndone\n"
        // Cut off in the middle of a line, as by a kill.
        var log = try GenerationTests.log(folder)
        _ = try supply(script, [requests[0]], log, folder)
        let path = folder.path("log.jsonl")
        try (String(contentsOfFile: path, encoding: .utf8) + "{\"request\":\"ab").write(
            toFile: path, atomically: false, encoding: .utf8)
        log = try GenerationTests.log(folder)
        let (account, _) = try supply(script, requests, log, folder)
        #expect(account.resumed == 2 && account.records == 2 && account.calls == 1)
        log = try GenerationTests.log(folder)
        let (again, _) = try supply("exit 9\n", requests, log, folder)
        #expect(again.calls == 0 && again.resumed == 4)
    }

    @Test("budgets of records and calls hold over runs")
    func budgets() throws {
        let folder = try TemporaryFolder()
        let script = GenerationTests.loop + GenerationTests.answer + "done\n"
        let first = [GenerationTests.request("a", count: 4)]
        let second = [GenerationTests.request("b", count: 4)]
        _ = try supply(script, first, try GenerationTests.log(folder, records: 6), folder)
        let (account, _) = try supply(
            script, second, try GenerationTests.log(folder, records: 6), folder)
        #expect(account.records == 2)
        #expect(account.givenUp == ["b: the budget of 6 records is spent"])
        let (calls, _) = try supply(
            script, second, try GenerationTests.log(folder, calls: 2), folder)
        #expect(calls.givenUp == ["b: the budget of 2 calls is spent"] && calls.calls == 0)
    }

    @Test("a program that ends without a word, or never ends its chatter, does not go on for ever")
    func useless() throws {
        let folder = try TemporaryFolder()
        let one = [GenerationTests.request("a", count: 4)]
        let (silent, _) = try supply(
            "cat >/dev/null\n", one, try GenerationTests.log(folder, records: 2), folder)
        #expect(silent.givenUp == ["a: not answered"] && silent.calls == 1)
        let log = try GenerationTests.log(folder, records: 50)
        #expect(!log.isDone(one[0].id), "another run may ask again")
        let (chatter, _) = try supply("yes\n", one, log, folder)
        #expect(chatter.givenUp.count == 1 && chatter.records == 0)
        let (slow, warnings) = try supply(
            "while :; do echo y; sleep 0.1; done\n", one, log, folder, seconds: 0.5)
        #expect(slow.timeouts >= 1 && warnings.contains { $0.contains("was killed") })
    }

    @Test("numbers in a log that nobody wrote do not end the program")
    func hostileLog() throws {
        let folder = try TemporaryFolder()
        let line = "{\"calls\":9223372036854775807,\"tokens\":9223372036854775807}\n"
        _ = try folder.write("log.jsonl", line + line + "{\"calls\":-5}\n")
        let log = try GenerationTests.log(folder, calls: 10)
        #expect(log.claim(records: 1) == .refused("the budget of 10 calls is spent"))
    }

    @Test("a file that is no log is left as it is, also one without a line break")
    func preciousFile() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("log.jsonl", "{\"precious\": \"file\"}")
        #expect(throws: GenerationError.self) { try GenerationTests.log(folder) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "{\"precious\": \"file\"}")
    }

    @Test("a log that is none is refused with its line, and left as it is")
    func foreignLog() throws {
        let folder = try TemporaryFolder()
        let text = "{\"calls\":1}\nsomething else\n"
        let path = try folder.write("log.jsonl", text)
        let error = #expect(throws: GenerationError.self) { try GenerationTests.log(folder) }
        #expect(error?.description.contains("log.jsonl line 2") == true)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
}
