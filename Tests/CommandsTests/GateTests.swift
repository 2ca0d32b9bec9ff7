import JSONText
import Support
import Testing

@Suite struct GateTests {
    private func status(_ gates: [String]) throws -> (status: Int32, gates: [JSONValue]) {
        let folder = try TemporaryFolder()
        let options = gates.flatMap { ["--fail-on", $0] }
        let result = try Program.assay(
            ExampleTests.arguments + options + ["--out", folder.root])
        return (
            result.status, try ReportReader(folder.root).report()["gates"]?.arrayValue ?? []
        )
    }

    @Test("a gate that holds makes the exit code 1 and stands in the report")
    func gates() throws {
        #expect(try status(["noise.rate > 0.99"]).status == 0)
        #expect(try status(["noise.rate >= 0"]).status == 1)
        #expect(try status(["noise.rate > 0.99 || coverage.scene < 1"]).status == 1)
        #expect(try status(["noise.rate > 0.99 && coverage.scene < 1"]).status == 0)
        let both = try status(["noise.rate > 0.99", "coverage.scene<1"])
        #expect(both.status == 1)
        #expect(both.gates.map { $0["passed"]?.boolValue } == [true, false])
        #expect(both.gates[1]["value"]?["coverage.scene"]?.doubleValue ?? 1 < 1)
    }
}
