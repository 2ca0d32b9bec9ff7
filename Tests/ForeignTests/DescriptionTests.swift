import Foreign
import JSONText
import Testing

/// What a foreign manifest may say.
@Suite struct DescriptionTests {
    private static let sound = """
        {"config": {"properties": {"level": {"type": "integer", "default": 6}, "word": {"type": "string", "default": ""}}},
         "foreign": {"library": {"linux_amd64": "system:libz.so.1"},
          "init": {"symbol": "make", "args": [{"resource": "a/b.txt", "type": "cstr"}]},
          "functions": [{"symbol": "f", "returns": {"type": "i32", "as": "r", "ok": [0, 1]}, "args": [
            {"bind": "text.ptr", "type": "ptr"}, {"bind": "text.len", "type": "u64"},
            {"param": "level", "type": "i32"}, {"bind": "scratch", "type": "ptr", "bytes": "text.len * 2"},
            {"bind": "state", "type": "ptr"}]}],
          "score": "r", "rules": [{"when": "score > 0.5", "code": "much", "severity": 2, "action": "drop"}],
          "tests": [{"text": "a", "expect": {"score": [0, 1], "r": 1}}]}}
        """

    @Test("a description is read whole")
    func reads() throws {
        let found = try ForeignDescription(
            manifest: JSONValue(parsing: DescriptionTests.sound))
        #expect(found.variables == ["text.len", "text.words", "param.level", "r", "score"])
        #expect(found.functions.count == 1 && found.functions[0].accepted == [0, 1])
        #expect(found.rules[0].confidence.text == "score" && found.column == "text.all")
        let names = ForeignNames(id: "org.example.zlib-Ratio", rules: found.rules)
        #expect(names.name == "zlib_ratio" && names.code(of: found.rules[0]) == "ZLIBRATIO001")
    }

    @Test(
        "what cannot be is refused with its place, the value found and what is expected",
        arguments: [
            (
                #""type": "u64"}"#, #""type": "u65"}"#,
                "foreign.functions[0].args[1].type is \"u65\""
            ),
            (
                #""bind": "text.ptr", "type": "ptr""#, #""bind": "text.ptr", "type": "u64""#,
                "expected ptr"
            ),
            (#""bind": "text.ptr""#, #""bind": "text.pointer""#, "expected one of text.ptr"),
            (
                #""param": "level", "type": "i32""#, #""param": "depth", "type": "i32""#,
                "expected a property of config: level, word"
            ),
            (
                #""param": "level", "type": "i32""#, #""param": "word", "type": "i32""#,
                "expected cstr"
            ),
            (
                #""param": "level", "type": "i32""#, #""const": 300, "type": "u8""#,
                "a number that fits u8"
            ),
            (
                #""param": "level", "type": "i32""#,
                #""const": 1, "param": "level", "type": "i32""#, "const and param"
            ),
            (#""text.len * 2""#, #""text.length""#, "foreign.functions[0].args[3].bytes"),
            (#""score": "r""#, #""score": "q""#, "foreign.score"),
            (#""symbol": "f""#, #""symbol": "f; rm""#, "the name of a C function"),
            (#""as": "r""#, #""as": "score""#, "foreign.functions[0].returns.as"),
            (#""as": "r""#, #""as": "text.len""#, "a name of letters"),
            (#""code": "much""#, #""code": "Much""#, "foreign.rules[0].code"),
            (#""action": "drop""#, #""action": "delete""#, "\"review\" or \"drop\""),
            (#""severity": 2"#, #""severity": 7"#, "0 (info) to 3 (high)"),
            (#""r": 1}"#, #""q": 1}"#, "foreign.tests[0].expect.q"),
            (#""score": [0, 1]"#, #""score": [1, 0]"#, "a number, or [low, high]"),
            (#""a/b.txt""#, #""../b.txt""#, "a path inside the bundle"),
            (#""a/b.txt""#, #""/etc/passwd""#, "a path inside the bundle"),
            (
                #""tests": [{"text": "a", "expect": {"score": [0, 1], "r": 1}}]"#, #""tests": []"#,
                "foreign.tests is []"
            ),
            (
                #""init": {"symbol": "make", "args": [{"resource": "a/b.txt", "type": "cstr"}]},"#,
                "", "there is no foreign.init"
            ),
            (
                #""bind": "text.len", "type": "u64""#, #""bind": "word.len", "type": "u64""#,
                "has to be \"word\""
            ),
            (
                #""bind": "text.len", "type": "u64""#, #""bind": "rows", "type": "u64""#,
                "called for many records"
            ),
            (#""score": "r","#, #""score": "r", "scores": 1,"#, "foreign.scores is not known"),
            (#""system:libz.so.1""#, #""system:/tmp/evil.so""#, "the name of a library"),
            (#""system:libz.so.1""#, #""system:""#, "the name of a library"),
            (
                #""type": "integer", "default": 6"#,
                #""type": ["integer", "string"], "default": 6"#, "config.properties.level.type"
            ),
            (
                #""type": "integer", "default": 6"#, #""type": "integer""#,
                "config.properties.level.default"
            ),
        ])
    func faults(_ part: String, _ other: String, _ words: String) throws {
        let text = DescriptionTests.sound.replacingFirst(part, with: other)
        #expect(text != DescriptionTests.sound, "the change changes nothing")
        let manifest = try JSONValue(parsing: text)
        let fault = #expect(throws: ForeignDescription.Fault.self) {
            try ForeignDescription(manifest: manifest)
        }
        let shown = fault.map { "\($0.place) \($0.message)" } ?? ""
        #expect(shown.contains(words), "\(shown)")
    }

    @Test("at most twelve arguments")
    func arguments() throws {
        let argument = #"{"bind": "text.ptr", "type": "ptr"}, "#
        let text = DescriptionTests.sound.replacingFirst(
            argument, with: String(repeating: argument, count: 9))
        let manifest = try JSONValue(parsing: text)
        #expect(throws: ForeignDescription.Fault.self) {
            try ForeignDescription(manifest: manifest)
        }
    }

    @Test("numbers take the form of their type, and come back")
    func types() {
        for (type, value, back) in [
            (ForeignType.i8, -1, -1), (.u8, 255, 255), (.u8, 300, 255), (.i16, -40_000, -32_768),
            (.i32, 2.9, 2), (.u32, -1, 0), (.i64, -5e18, -5e18), (.u64, 1e19, 1e19),
            (.f32, 0.5, 0.5), (.f64, 0.1, 0.1), (.i32, Double.nan, 0),
        ] as [(ForeignType, Double, Double)] {
            #expect(type.number(type.word(value)) == back, "\(type) \(value)")
        }
        #expect(ForeignType.i32.number(0xFFFF_FFFF_FFFF_FFFE) == -2, "only its own bytes count")
    }
}

extension String {
    fileprivate func replacingFirst(_ part: String, with other: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return replacingCharacters(in: range, with: other)
    }

    private func replacingCharacters(in range: Range<Index>, with other: String) -> String {
        var copy = self
        copy.replaceSubrange(range, with: other)
        return copy
    }
}
