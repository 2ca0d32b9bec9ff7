import Foundation
import JSONText
import Support
import Testing

/// `assay plugin check`: what it finds in plugins that break one law each, and what it leaves alone.
@Suite struct CheckTests {
    private static let source = "Tests/Broken/broken.c"
    private static let manifest = "Tests/Broken/broken.plugin.json"

    /// The checks with a fault, and what each says.
    private static func faults(
        _ bundle: String, seed: Int = 1, arguments: [String] = []
    ) throws -> (faults: [String: String], status: Int32, all: [JSONValue]) {
        let result = try Program.assay(
            ["plugin", "check", bundle, "--seed", String(seed), "--format", "json"] + arguments)
        let checks = try JSONValue(parsing: result.output)["checks"]?.arrayValue ?? []
        var found: [String: String] = [:]
        for check in checks
        where ["failed", "crashed"].contains(check["verdict"]?.stringValue ?? "") {
            #expect(check["law"]?.stringValue?.isEmpty == false)
            found[check["check"]?.stringValue ?? ""] = check["detail"]?.stringValue ?? ""
        }
        return (found, result.status, checks)
    }

    private static func compile(_ fault: String, into folder: TemporaryFolder) throws -> String {
        try PluginCompiler.compile(
            source, manifest: manifest, as: "broken", into: folder,
            options: ["-D_GNU_SOURCE", "-DFAULT=\(fault)", "-DFAULT_\(fault)", "-lpthread"])
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let check: String
        let words: String
        var testDescription: String { name }

        init(_ name: String, _ check: String, _ words: String) {
            self.name = name
            self.check = check
            self.words = words
        }
    }

    static let inCode: [Fault] = [
        Fault("SECOND_EXPORT", "binary.exports", "also exports one_more_symbol"),
        Fault("OTHER_TABLE", "load.library", "another table"),
        Fault("SLOW_ENTRY", "load.library", "less than a millisecond"),
        Fault("NO_SAVE", "load.manifest", "has no save"),
        Fault("ANOTHER_ANALYZER", "load.manifest", "org.assay.test.broken.second"),
        Fault("READS_HOST_TAIL", "abi.host-shorter", "SIGSEGV in create"),
        Fault("READS_SINK_TAIL", "abi.host-shorter", "SIGSEGV in scan"),
        Fault("EQUAL_SIZES", "abi.host-larger", "of another size"),
        Fault("ANY_EXTENSION", "abi.unknown-extension", "org.example.nobody/1"),
        Fault("LONG_MESSAGE", "abi.error-buffers", "SIGSEGV in load"),
        Fault("UNTERMINATED", "abi.error-buffers", "not terminated"),
        Fault("NEEDS_ERROR", "abi.error-buffers", "SIGSEGV in load"),
        Fault("STATUS_42", "abi.error-buffers", "status 42"),
        Fault("ERROR_AND_OK", "abi.error-buffers", "wrote an error, and returned success"),
        Fault("IGNORES_WRITER", "abi.writer-fails", "success after the host had refused"),
        Fault("OTHER_WRITER_STATUS", "abi.writer-fails", "the host had said 7"),
        Fault("IGNORES_SINK", "abi.sink-refuses", "success after the host had refused"),
        Fault("REFUSES_MAXIMUM", "config.extremes", "limit = 100"),
        Fault("CRASH_ON_CONFIG", "config.extremes", "SIGABRT in create"),
        Fault("CRASH_ON_NO_ROWS", "data.no-rows", "SIGABRT in end_pass"),
        Fault("CRASH_ON_EMPTY_BATCH", "data.empty-batch", "SIGABRT in scan"),
        Fault("CRASH_ON_NULL", "data.nulls", "SIGABRT in scan"),
        Fault("CRASH_ON_EMPTY", "data.empty-texts", "SIGABRT in scan"),
        Fault("REFUSES_ZERO_BYTE", "data.characters", "zero byte"),
        Fault("CRASH_ON_LONG", "data.long-row", "SIGABRT in scan"),
        Fault("HANG_ON_LONG", "data.long-row", "no answer for 4 s in scan"),
        Fault("READS_BEYOND", "data.guard-page", "SIGSEGV in scan"),
        Fault("COUNTS_BATCHES", "algebra.batches", "in batches of 1"),
        Fault("USES_SHARD", "algebra.shards", "in shards of 97"),
        Fault("MEAN_OF_MEANS", "algebra.association", "merged from the right"),
        Fault("COUNTS_MERGES", "algebra.neutral", "with empty partials between"),
        Fault("USES_TIME", "algebra.seed", "in another process"),
        Fault("USES_ADDRESS", "algebra.seed", "in another process"),
        Fault("FORGETS_ON_SAVE", "algebra.save-load", "after save and load"),
        Fault("SAVES_UNEQUALLY", "state.repeated", "a second save"),
        Fault("LOADS_ANY_LENGTH", "state.truncated", "SIGSEGV in load"),
        Fault("LOADS_EMPTY", "state.empty", "SIGABRT in load"),
        Fault("TRUSTS_COUNT", "state.flipped", "SIGABRT in load"),
        Fault("SHARES_INSTANCES", "concurrency.instances", "with another instance in between"),
        Fault("SHARES_PARTIALS", "concurrency.partials", "a"),
        Fault("STARTS_THREAD", "hygiene.threads", "still there"),
        Fault("LEAVES_OPEN", "hygiene.descriptors", "/dev/null"),
        Fault("CHANGES_FOLDER", "hygiene.process", "is /usr/lib"),
        Fault("SETS_ENVIRONMENT", "hygiene.process", "BROKEN=1"),
        Fault("SETS_LOCALE", "hygiene.process", "is C.UTF-8"),
        Fault("SETS_UMASK", "hygiene.process", "is 77"),
        Fault("HANDLES_SIGNAL", "hygiene.signals", "SigIgn"),
        Fault("PRINTS", "hygiene.output", "bytes"),
        Fault("LEAKS", "hygiene.memory", "stay behind after each life"),
        Fault("LEAKS_PARTIAL", "hygiene.memory", "stay behind after each life"),
        Fault("CANCELS_WRONGLY", "cancel.any-call", "expected ASSAY_E_CANCELLED"),
        Fault("UNDECLARED_CODE", "output.valid", "BRK999"),
        Fault("ROW_OUT_OF_RANGE", "output.valid", "names row"),
        Fault("STRAY_ROLE", "output.valid", "of another dataset"),
        Fault("NOT_A_NUMBER", "output.valid", "not a number"),
        Fault("NOT_UTF8", "output.valid", "not valid UTF-8"),
        Fault("BAD_EVIDENCE", "output.valid", "evidence"),
        Fault("BAD_SECTION", "output.sections", "expected 2 texts, numbers or codes"),
        Fault("UNSET_PARTIAL", "output.valid", "nothing made"),
        Fault("TRUSTS_LATER", "state.flipped", "SIGABRT in finish"),
        Fault("KEEPS_FROM", "output.valid", "SIGSEGV in finish"),
        Fault("INSTANCE_STATE", "algebra.save-load", "after save and load"),
        Fault("USES_THREADS", "concurrency.partials", "threads for assay.parallel/1"),
        Fault("METRIC_IN_SCAN", "output.valid", "which is for finish"),
        Fault("SECOND_WRITE", "abi.writer-fails", "end_pass returned success"),
        Fault("OK_WITH_ROW", "output.valid", "wrote an error, and returned success"),
        Fault("KEEPS_CONFIG", "output.valid", "begin"),
        Fault("PRINTS_REFUSAL", "state.empty", "it wrote \"refused"),
        Fault("LEAKS_REFUSAL", "hygiene.memory", "stay behind after each life"),
        Fault("CRASH_ON_SETTING", "config.extremes", "SIGABRT in scan"),
        Fault("OTHER_THREAD", "output.valid", "on another thread"),
    ]

    @Test(
        "a plugin with one fault is found out, by the check of the law that it breaks",
        arguments: inCode)
    func faultsInCode(_ fault: Fault) throws {
        let folder = try TemporaryFolder()
        let library = try CheckTests.compile(fault.name, into: folder)
        let (faults, status, _) = try CheckTests.faults(
            library, arguments: ["--only", fault.check])
        #expect(status == 3)
        let detail = faults[fault.check]
        #expect(detail?.contains(fault.words) == true, "\(faults)")
    }

    @Test("every fault that the source knows is among them")
    func isWhole() throws {
        let text = try String(contentsOf: Checkout.file(CheckTests.source), encoding: .utf8)
        let list = text.components(separatedBy: "enum {")[1].components(separatedBy: "};")[0]
        let names = list.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
        #expect(Set(names) == Set(CheckTests.inCode.map(\.name) + ["NONE"]))
        #expect(names.count > 50)
    }

    @Test(
        "faults of manifest and library are found without running anything",
        arguments: [
            Fault("\"severity\": \"low\" → \"severity\": \"mild\"", "manifest.words", "mild"),
            Fault("\"default\": 3 → \"default\": 300", "manifest.defaults", "at most 100"),
            Fault("\"version\": \"1.0.0\" → \"version\": \"1.0.1\"", "load.manifest", "1.0.1"),
            Fault("\"state_format\": 1 → \"state_format\": 2", "load.manifest", "state_format"),
            Fault(
                "\"kind\": → \"requires\": {\"glibc\": \"2.0\"}, \"kind\":", "binary.libc",
                "its manifest says 2.0"),
            Fault(
                "\"kind\": → \"files\": {\"broken.so\": {\"sha256\": \"00\", \"size\": 1}}, \"kind\":",
                "files.hashes", "broken.so"),
        ])
    func faultsInManifest(_ fault: Fault) throws {
        let folder = try TemporaryFolder()
        let library = try CheckTests.compile("NONE", into: folder)
        let parts = fault.name.components(separatedBy: " → ")
        let text = try String(contentsOf: Checkout.file(CheckTests.manifest), encoding: .utf8)
        let changed = text.replacingOccurrences(of: parts[0], with: parts[1])
        #expect(changed != text)
        _ = try folder.write("broken.plugin.json", changed)
        let (faults, status, _) = try CheckTests.faults(
            library,
            arguments: [
                "--only", "manifest.*", "--only", "files.*", "--only", "binary.*", "--only",
                "load.*",
            ])
        #expect(status == 3)
        #expect(faults[fault.check]?.contains(fault.words) == true, "\(faults)")
    }

    @Test(
        "faults of the linker are found",
        arguments: [
            Fault("-Wl,-z,execstack", "binary.stack", "executable stack"),
            Fault("-fno-pic -mcmodel=large -Wl,-z,notext", "binary.relocations", "relocations"),
            Fault("-Wl,-rpath,/opt/somewhere", "binary.paths", "/opt/somewhere"),
        ])
    func faultsOfTheLinker(_ fault: Fault) throws {
        let folder = try TemporaryFolder()
        let library = try PluginCompiler.compile(
            CheckTests.source, manifest: CheckTests.manifest, as: "broken", into: folder,
            options: ["-D_GNU_SOURCE", "-DFAULT=NONE", "-lpthread"]
                + fault.name.split(separator: " ").map(String.init))
        let (_, _, all) = try CheckTests.faults(library, arguments: ["--only", "binary.*"])
        let found = all.first { $0["check"]?.stringValue == fault.check }
        #expect(found?["verdict"]?.stringValue != "passed")
        #expect(found?["detail"]?.stringValue?.contains(fault.words) == true, "\(all)")
    }

    @Test("what is drawn follows from the seed, and the seed is printed")
    func isReproducible() throws {
        let folder = try TemporaryFolder()
        let library = try CheckTests.compile("TRUSTS_COUNT", into: folder)
        let first = try Program.assay(["plugin", "check", library])
        let line = first.output.split(separator: "\n").first.map(String.init) ?? ""
        let seed = line.components(separatedBy: "seed ").last ?? ""
        #expect(UInt64(seed) != nil, "\(line)")
        #expect(first.output.contains("again: assay plugin check \(library) --seed \(seed)"))
        let again = try Program.assay(["plugin", "check", library, "--seed", seed])
        func verdicts(_ text: String) -> [Substring] {
            text.split(separator: "\n").filter { !$0.contains(" in ") || $0.contains("SIG") }
        }
        #expect(verdicts(first.output) == verdicts(again.output))
    }

    @Test("a law-abiding plugin and the examples pass")
    func examples() throws {
        let folder = try TemporaryFolder()
        let good = try CheckTests.compile("NONE", into: folder)
        let shouting = try PluginCompiler.compile(
            "Examples/custom-noise-detector/shouting.c",
            manifest: "Examples/custom-noise-detector/shouting.plugin.json", as: "shouting",
            into: folder)
        let batch = folder.path("foreign-batch")
        try FileManager.default.copyItem(
            atPath: Checkout.file("Examples/foreign-batch").path, toPath: batch)
        let built = try Program.run(
            "/usr/bin/env",
            [
                "clang", "-O2", "-shared", "-fPIC", "-o", batch + "/libdigits.so",
                batch + "/digits.c",
            ])
        #expect(built.status == 0, "\(built.errors)")
        let zlib = Checkout.file("Examples/foreign-zlib").path
        let hunspell = Checkout.file("Examples/foreign-hunspell").path
        for bundle in [good, shouting, batch, zlib, hunspell] {
            let (faults, status, all) = try CheckTests.faults(bundle, seed: 20_261_128)
            #expect(status == 0, "\(bundle)")
            #expect(faults.isEmpty, "\(bundle): \(faults)")
            #expect(all.count > 45)
        }
    }

    @Test(
        "the four strategies pass", arguments: ["coverage", "distribution", "noise", "diversity"])
    func strategies(_ name: String) throws {
        let bundle = Checkout.file(".build/stage/lib/assay/plugins/org.assay.\(name)/0.1.0").path
        let (faults, status, all) = try CheckTests.faults(bundle)
        #expect(status == 0)
        #expect(faults.isEmpty, "\(faults)")
        #expect(all.count { $0["verdict"]?.stringValue == "passed" } > 40)
    }

    @Test("a name that no check has, and what else cannot be, is refused with a proposal")
    func refuses() throws {
        let bundle = Checkout.file("Examples/foreign-zlib").path
        let result = try Program.assay(["plugin", "check", bundle, "--only", "algebra.batch"])
        #expect(result.status == 2)
        #expect(result.errors.contains("did you mean \"algebra.batches\"?"))
        #expect(try Program.assay(["plugin", "check", "/nowhere"]).status == 2)
        #expect(try Program.assay(["plugin", "check"]).status == 2)
        let list = try Program.assay(["plugin", "check", "--list"])
        #expect(list.output.split(separator: "\n").count > 45)
    }
}
