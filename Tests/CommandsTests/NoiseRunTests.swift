import JSONText
import Support
import Testing

/// What the noise strategy finds in made-up records.
@Suite struct NoiseRunTests {
    private func codes(_ lines: [String]) throws -> [String] {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "data.jsonl", Array((lines.joined(separator: "\n") + "\n").utf8))
        let result = try Program.assay(
            ["run", path, "--plugins", "noise", "--out", folder.path("report")])
        #expect(result.status == 0, "\(result.errors)")
        return try ReportReader(folder.path("report")).lines("findings.jsonl")
            .compactMap { $0["code"]?.stringValue }
    }

    @Test("only a prompt that is answered can ask for what is not there")
    func textOfItsOwn() throws {
        let text = "Describe the picture above: what does it show, and who painted it?"
        let other = "The harbour was empty when the last ferry had left for the islands."
        #expect(
            try codes([
                "{\"prompt\": \"\(text)\", \"response\": \"It shows a harbour.\"}",
                "{\"prompt\": \"What left last?\", \"response\": \"\(other)\"}",
            ]).contains("NSE030"))
        #expect(
            !(try codes(["{\"text\": \"\(text)\"}", "{\"text\": \"\(other)\"}"])).contains("NSE030")
        )
    }
}
