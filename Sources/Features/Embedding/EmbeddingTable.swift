/// Vectors of tokens, and the sum of those of a text.
///
/// An int8 table is summed in integers, exactly; a float table in the order of the tokens.
final class EmbeddingTable: @unchecked Sendable {
    private enum Values {
        case int8(UnsafePointer<Int8>)
        case float(UnsafeMutablePointer<Float>)
    }

    let dimensions: Int
    private let values: Values
    /// Keeps the mapped file alive.
    private let file: SafeTensors
    private let mapping: [Int]?
    private let weights: [Float]?

    init(
        _ tensor: SafeTensors.Tensor, _ file: SafeTensors, mapping: [Int]?, weights: [Float]?
    ) {
        dimensions = tensor.shape[1]
        self.file = file
        self.mapping = mapping
        self.weights = weights
        if tensor.element == .int8, let base = tensor.bytes.baseAddress, weights == nil {
            values = .int8(base.assumingMemoryBound(to: Int8.self))
        } else {
            let copy = UnsafeMutablePointer<Float>.allocate(capacity: tensor.count)
            copy.initialize(from: tensor.floats, count: tensor.count)
            values = .float(copy)
        }
    }

    deinit { if case .float(let copy) = values { copy.deallocate() } }

    /// Writes the sum of the tokens' vectors; `output` has as many places as dimensions.
    ///
    /// O(tokens · dimensions).
    func sum(_ tokens: UnsafeBufferPointer<UInt32>, into output: UnsafeMutablePointer<Float>) {
        switch values {
        case .int8(let rows):
            var start = 0
            while start < dimensions {
                if dimensions - start >= 64 {
                    sum64(rows + start, tokens, output + start)
                    start += 64
                } else {
                    sumOne(rows + start, tokens, output + start)
                    start += 1
                }
            }
        case .float(let rows):
            for dimension in 0..<dimensions { output[dimension] = 0 }
            for token in tokens {
                let row = rows + self.row(token) * dimensions
                let weight = weights.map { $0[Int(token)] } ?? 1
                for dimension in 0..<dimensions { output[dimension] += weight * row[dimension] }
            }
        }
    }

    @inline(__always)
    private func row(_ token: UInt32) -> Int { mapping.map { $0[Int(token)] } ?? Int(token) }

    /// Tokens whose int8 values can be added in 16 bits: 256 · 127 < 2^15.
    private static let blockTokens = 256

    /// Sixty-four dimensions, one cache line of every row, added in registers.
    private func sum64(
        _ rows: UnsafePointer<Int8>, _ tokens: UnsafeBufferPointer<UInt32>,
        _ output: UnsafeMutablePointer<Float>
    ) {
        typealias Wide = SIMD16<Int32>
        var (w0, w1, w2, w3) = (Wide.zero, Wide.zero, Wide.zero, Wide.zero)
        var start = 0
        while start < tokens.count {
            typealias Sum = SIMD16<Int16>
            var (a, b, c, d) = (Sum.zero, Sum.zero, Sum.zero, Sum.zero)
            let end = min(start + EmbeddingTable.blockTokens, tokens.count)
            for index in start..<end {
                let line = UnsafeRawPointer(rows + row(tokens[index]) * dimensions)
                @inline(__always)
                func load(_ offset: Int) -> Sum {
                    Sum(
                        truncatingIfNeeded: line.loadUnaligned(
                            fromByteOffset: offset, as: SIMD16<Int8>.self))
                }
                a &+= load(0)
                b &+= load(16)
                c &+= load(32)
                d &+= load(48)
            }
            w0 &+= Wide(truncatingIfNeeded: a)
            w1 &+= Wide(truncatingIfNeeded: b)
            w2 &+= Wide(truncatingIfNeeded: c)
            w3 &+= Wide(truncatingIfNeeded: d)
            start = end
        }
        let place = UnsafeMutableRawPointer(output)
        place.storeBytes(of: SIMD16<Float>(w0), as: SIMD16<Float>.self)
        place.storeBytes(of: SIMD16<Float>(w1), toByteOffset: 64, as: SIMD16<Float>.self)
        place.storeBytes(of: SIMD16<Float>(w2), toByteOffset: 128, as: SIMD16<Float>.self)
        place.storeBytes(of: SIMD16<Float>(w3), toByteOffset: 192, as: SIMD16<Float>.self)
    }

    private func sumOne(
        _ column: UnsafePointer<Int8>, _ tokens: UnsafeBufferPointer<UInt32>,
        _ output: UnsafeMutablePointer<Float>
    ) {
        var sum = 0
        for token in tokens { sum += Int(column[row(token) * dimensions]) }
        output[0] = Float(sum)
    }
}
