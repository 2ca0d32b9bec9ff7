import Features
import Support
import Testing

@Suite struct VectorMatrixTests {
    private func file(_ header: String, _ body: [UInt8]) -> [UInt8] {
        let text = Array(header.utf8) + [0x0A]
        return [0x93] + Array("NUMPY".utf8)
            + [1, 0, UInt8(text.count & 0xFF), UInt8(text.count >> 8)] + text + body
    }

    private static let values: [Float] = [1, 2, 3, 4, 5, 6]

    @Test("rows of 16-, 32- and 64-bit floats")
    func rows() throws {
        let folder = try TemporaryFolder()
        let values = VectorMatrixTests.values
        let bodies: [(String, [UInt8])] = [
            ("<f4", values.withUnsafeBytes { Array($0) }),
            ("<f8", values.map(Double.init).withUnsafeBytes { Array($0) }),
            ("<f2", values.map { Float16($0) }.withUnsafeBytes { Array($0) }),
        ]
        for (kind, body) in bodies {
            let header = "{'descr': '\(kind)', 'fortran_order': False, 'shape': (2, 3), }"
            let path = try folder.write("a\(kind.last ?? "x").npy", file(header, body))
            let matrix = try VectorMatrix(path: path)
            #expect(matrix.count == 2 && matrix.dimensions == 3)
            var row: [Float] = []
            #expect(matrix.append(1, to: &row))
            #expect(row == [4, 5, 6])
            #expect(!matrix.append(2, to: &row))
        }
    }

    @Test(
        "other files are refused with the reason",
        arguments: [
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }", "floats"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", "shape"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (9, 3), }", "expected 108"),
        ])
    func refusals(header: String, word: String) throws {
        let folder = try TemporaryFolder()
        let body = VectorMatrixTests.values.withUnsafeBytes { Array($0) }
        let path = try folder.write("a.npy", file(header, body))
        #expect {
            _ = try VectorMatrix(path: path)
        } throws: {
            "\($0)".contains(word)
        }
    }
}
