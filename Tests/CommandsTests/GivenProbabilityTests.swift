import Foundation
import JSONText
import Support
import Testing

/// The user's own probabilities judge labels, when they fit them.
@Suite struct GivenProbabilityTests {
    private static let names = ["apple", "pear", "plum"]
    private let folder: TemporaryFolder
    private let data: String
    private var wrong: Set<Int> = []

    /// 600 records; the probabilities know each record's true class, every tenth label is another.
    init() throws {
        folder = try TemporaryFolder()
        var writer = JSONWriter()
        for row in 0..<600 {
            let truth = row % 3
            let isWrong = row % 10 == 4
            if isWrong { wrong.insert(row) }
            // Scaled, so that they have to be made to add up to 1.
            var numbers = [0.2, 0.2, 0.2]
            numbers[truth] = 1.2 + 0.001 * Double(row % 7)
            writer.value(
                .object([
                    // Texts that tell nothing of the class.
                    "text": .string("sentence number \(row) says nothing"),
                    "label": .string(
                        GivenProbabilityTests.names[isWrong ? (truth + 1) % 3 : truth]),
                    "probs": .array(numbers.map { .number($0) }),
                ]))
            writer.newline()
        }
        data = try folder.write("data.jsonl", writer.bytes)
    }

    private func run(_ options: [String]) throws -> (ending: Program.Ending, rows: Set<Int>) {
        let out = folder.path("report")
        let ending = try Program.assay(
            ["run", data, "--plugins", "noise", "--out", out] + options)
        guard ending.status != 2 else { return (ending, []) }
        let rows = try ReportReader(out).lines("findings.jsonl")
            .filter { $0["code"]?.stringValue == "NSE050" }
            .compactMap { $0["row_index"]?.intValue }
        return (ending, Set(rows))
    }

    @Test("labels that the probabilities speak against are found, and no others")
    func field() throws {
        let found = try run(["--pred-probs", "field:probs"])
        #expect(found.ending.status == 0, "\(found.ending.errors)")
        #expect(found.rows == wrong)
        // Without them the texts tell nothing, and nothing is said.
        #expect(try run([]).rows.isEmpty)
    }

    /// A NumPy file of the same probabilities with the columns in another order, row by row or column by
    /// column.
    private func matrix(order: [Int], isFortran: Bool = false, rows: Int = 600) throws -> String {
        let shape = "'shape': (\(rows), \(order.count)), }"
        var header = "{'descr': '<f4', 'fortran_order': \(isFortran ? "True" : "False"), \(shape)"
        header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]
        bytes += Array(header.utf8)
        func append(_ row: Int, _ column: Int) {
            let value: Float = row % 3 == order[column] ? 0.8 : 0.1
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += Array($0) }
        }
        if isFortran {
            for column in order.indices { for row in 0..<rows { append(row, column) } }
        } else {
            for row in 0..<rows { for column in order.indices { append(row, column) } }
        }
        return try folder.write("probs.npy", bytes)
    }

    @Test(
        "a NumPy file in either order of memory, and the order of its columns stated",
        arguments: [false, true])
    func numPy(isFortran: Bool) throws {
        let plain = try matrix(order: [0, 1, 2], isFortran: isFortran)
        #expect(try run(["--pred-probs", plain]).rows == wrong)
        let turned = try matrix(order: [2, 0, 1], isFortran: isFortran)
        let stated = "noise.classes=[\"plum\",\"apple\",\"pear\"]"
        #expect(try run(["--pred-probs", turned, "--set", stated]).rows == wrong)
    }

    @Test("what does not fit the labels is refused with the reason")
    func refusals() throws {
        func refuse(_ options: [String], _ words: String) throws {
            let found = try run(options)
            let told = found.ending.output + found.ending.errors
            #expect(found.ending.status >= 2 && told.contains(words), "\(words) in \(told)")
            #expect(found.rows.isEmpty)
        }
        try refuse(
            ["--pred-probs", try matrix(order: [1, 2, 0])], "do not seem to be in the order")
        try refuse(["--pred-probs", try matrix(order: [0, 1])], "has 2 columns, expected 3")
        try refuse(["--pred-probs", try matrix(order: [0, 1, 2], rows: 599)], "has 599 rows")
        try refuse(["--pred-probs", "field:none"], "no list of numbers")
        try refuse(["--pred-probs", "probs.txt"], "expected a .npy file or field:NAME")
        try refuse(
            ["--pred-probs", "field:probs", "--set", "noise.classes=[\"apple\",\"pear\",\"fig\"]"],
            "\"plum\" is none of the classes")
        let unlabelled = try folder.write(
            "unlabelled.jsonl", "{\"prompt\":\"a\",\"response\":\"b\",\"probs\":[1,0]}\n")
        let ending = try Program.assay([
            "run", unlabelled, "--pred-probs", "field:probs", "--out", folder.path("r"),
        ])
        #expect(ending.status == 2 && ending.errors.contains("have no label"), "\(ending.errors)")
    }
}
