import Features
import Foundation
import JSONText
import Records
import Support
import Testing

@Suite struct EmbeddingTests {
    static let folder = Checkout.file("Sources/Features/Tables/minilm-l6-256").path

    private func vector(
        _ text: String, _ model: EmbeddingModel
    ) -> (values: [Float], source: EmbeddingSource) {
        var embedder = TextEmbedder(model)
        var values = [Float](repeating: -1, count: model.dimensions)
        var text = text
        let source = text.withUTF8 { bytes in
            values.withUnsafeMutableBufferPointer { embedder.embed(bytes, into: $0) }
        }
        return (values, source)
    }

    private func cosine(_ a: String, _ b: String, _ model: EmbeddingModel) -> Float {
        zip(vector(a, model).values, vector(b, model).values).reduce(0) { $0 + $1.0 * $1.1 }
    }

    @Test("what means the same lies closer than what does not")
    func meaning() throws {
        let model = try EmbeddingModel(folder: EmbeddingTests.folder)
        #expect(model.dimensions == 256)
        let question = "How do I get my money back?"
        #expect(
            cosine(question, "I want a refund", model) > cosine(question, "It is raining", model))
        #expect(
            cosine("我的卡丢了怎么办", "卡丢了应该怎么办", model)
                > cosine("我的卡丢了怎么办", "今天天气很好", model))
    }

    @Test("vectors have length 1, of nothing they are zero, and the source is told")
    func lengths() throws {
        let model = try EmbeddingModel(folder: EmbeddingTests.folder)
        let cases: [(String, EmbeddingSource, Float)] = [
            ("a simple sentence", .table, 1), ("今天天气很好，我们去公园散步。", .lexical, 1),
            ("", .none, 0), (" \n\t", .none, 0),
            (String(repeating: "word ", count: 5_000), .table, 1),
        ]
        for (text, source, length) in cases {
            let found = vector(text, model)
            let squares = found.values.reduce(0) { $0 + $1 * $1 }
            #expect(found.source == source)
            #expect(abs(squares - length) < 1e-5)
        }
    }

    // 3, 4, 0 times a number of which the square is infinite, or nothing: the direction is (0.6, 0.8, 0).
    @Test("given vectors of very large and very small numbers are brought to length 1")
    func extremes() throws {
        var builder = FeatureBuilder(
            [.allEmbedding], origin: .field(pointer: "/vector", dimensions: 3))
        for scale: Float in [1, 1e25, 1e-25, 1e-38] {
            [3 * scale, 4 * scale, 0].withUnsafeBufferPointer { vector in
                builder.append(given: vector) { _ in nil }
            }
        }
        [0, 0, 0].withUnsafeBufferPointer { vector in builder.append(given: vector) { _ in nil } }
        let columns = builder.finish()
        guard case .vectors(let vectors) = try #require(columns.first).data else {
            Issue.record("no vectors")
            return
        }
        for row in 0..<4 {
            for (found, expected) in zip(vectors.values[(3 * row)...], [0.6, 0.8, 0] as [Float]) {
                #expect(abs(found - expected) < 1e-5, "row \(row)")
            }
        }
        #expect(vectors.values.suffix(3) == [0, 0, 0])
        #expect(builder.counts.given == 4)
        #expect(builder.counts.empty == 1)
    }

    // Tokens a, b, c with the vectors (3, 0), (0, 4), (1, 1), the text "a b b": the sum is (3, 8), with
    // weights 1, 0.5, 1 it is (3, 4), of which the direction is (0.6, 0.8).
    @Test("float, half and byte tables, mappings and weights give the same direction")
    func tables() throws {
        let rows: [Float] = [3, 0, 0, 4, 1, 1]
        let direction: [Float] = [3 / 73.0.squareRoot(), 8 / 73.0.squareRoot()].map { Float($0) }
        let folder = try TemporaryFolder()
        func check(_ name: String, _ tensors: [Tensor], _ expected: [Float]) throws {
            let place = try Tensor.write(tensors, to: folder, name)
            let found = vector("a b b", try EmbeddingModel(folder: place)).values
            for (left, right) in zip(found, expected) { #expect(abs(left - right) < 1e-6) }
        }
        try check("f32", [Tensor("embeddings", [3, 2], floats: rows)], direction)
        try check("f16", [Tensor("embeddings", [3, 2], halves: rows)], direction)
        try check("int8", [Tensor("embeddings", [3, 2], bytes: rows.map { Int8($0) })], direction)
        try check(
            "mapped",
            [
                Tensor("embeddings", [2, 2], bytes: [0, 4, 3, 0]),
                Tensor("mapping", [3], integers: [1, 0, 0]),
            ], direction)
        try check(
            "weighted",
            [
                Tensor("embeddings", [3, 2], bytes: rows.map { Int8($0) }),
                Tensor("weights", [3], floats: [1, 0.5, 1]),
            ], [0.6, 0.8])
    }

    @Test("a damaged folder is refused with its file and the reason")
    func damage() throws {
        let folder = try TemporaryFolder()
        let rows: [Float] = [3, 0, 0, 4, 1, 1]
        func expectRefusal(_ place: String, _ word: String) {
            #expect {
                _ = try EmbeddingModel(folder: place)
            } throws: {
                "\($0)".contains(word)
            }
        }
        expectRefusal("/nowhere", "cannot be opened")
        let few = try Tensor.write(
            [Tensor("embeddings", [2, 2], floats: Array(rows[..<4]))], to: folder, "few")
        expectRefusal(few, "has 2 vectors, expected 3")
        let whole = try Tensor.write(
            [Tensor("embeddings", [3, 2], floats: rows)], to: folder, "cut")
        let path = "\(whole)/model.safetensors"
        let content = try Data(contentsOf: URL(fileURLWithPath: path))
        for length in 0..<content.count {
            try content.prefix(length).write(to: URL(fileURLWithPath: path))
            expectRefusal(whole, "model.safetensors")
        }
        let far = try Tensor.write(
            [
                Tensor("embeddings", [3, 2], bytes: [1, 1, 1, 1, 1, 1]),
                Tensor("mapping", [3], integers: [0, 1, 7]),
            ], to: folder, "far")
        expectRefusal(far, "mapping")
    }

    @Test(
        "nearly every Chinese text is embedded by its characters, no English one",
        .enabled(if: SharedData.isPresent, "needs ../shared/data"))
    func sources() throws {
        let model = try EmbeddingModel(folder: EmbeddingTests.folder)
        func lexicalShare(_ name: String) throws -> Double {
            let content = try Data(contentsOf: SharedData.file(name))
            var embedder = TextEmbedder(model)
            var values = [Float](repeating: 0, count: model.dimensions)
            var counts = (lexical: 0, all: 0)
            for line in content.split(separator: 0x0A) {
                let source = Array(line).withUnsafeBufferPointer { bytes in
                    values.withUnsafeMutableBufferPointer { embedder.embed(bytes, into: $0) }
                }
                counts.all += 1
                if source == .lexical { counts.lexical += 1 }
            }
            return Double(counts.lexical) / Double(counts.all)
        }
        #expect(try lexicalShare("banking77/train.csv") == 0)
        #expect(try lexicalShare("gsm8k/train.jsonl") == 0)
        #expect(try lexicalShare("huatuo_med_zh/data/llama_data.json") > 0.99)
    }
}

/// A tensor to be written as safetensors.
struct Tensor {
    private let name: String
    private let kind: String
    private let shape: [Int]
    private let content: [UInt8]

    init(_ name: String, _ shape: [Int], floats: [Float]) {
        (self.name, kind, self.shape) = (name, "F32", shape)
        content = floats.withUnsafeBytes { Array($0) }
    }

    init(_ name: String, _ shape: [Int], halves: [Float]) {
        (self.name, kind, self.shape) = (name, "F16", shape)
        content = halves.map { Float16($0) }.withUnsafeBytes { Array($0) }
    }

    init(_ name: String, _ shape: [Int], bytes: [Int8]) {
        (self.name, kind, self.shape) = (name, "I8", shape)
        content = bytes.withUnsafeBytes { Array($0) }
    }

    init(_ name: String, _ shape: [Int], integers: [Int64]) {
        (self.name, kind, self.shape) = (name, "I64", shape)
        content = integers.withUnsafeBytes { Array($0) }
    }

    /// A model folder with the tokens a, b and c.
    static func write(
        _ tensors: [Tensor], to folder: TemporaryFolder, _ name: String
    ) throws -> String {
        var entries: [String] = []
        var body: [UInt8] = []
        for tensor in tensors {
            let end = body.count + tensor.content.count
            entries.append(
                "\"\(tensor.name)\":{\"dtype\":\"\(tensor.kind)\",\"shape\":\(tensor.shape),"
                    + "\"data_offsets\":[\(body.count),\(end)]}")
            body += tensor.content
        }
        let header = Array("{\(entries.joined(separator: ","))}".utf8)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
        try FileManager.default.createDirectory(
            atPath: folder.path(name), withIntermediateDirectories: true)
        _ = try folder.write("\(name)/model.safetensors", length + header + body)
        _ = try folder.write(
            "\(name)/tokenizer.json",
            """
            {"pre_tokenizer": {"type": "BertPreTokenizer"}, "model": {"type": "WordPiece",
             "unk_token": "?", "vocab": {"a": 0, "b": 1, "c": 2}}}
            """)
        return folder.path(name)
    }
}
