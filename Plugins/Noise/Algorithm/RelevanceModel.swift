import Numerics

/// Which words of an answer go with which words of a question, learnt from pairs.
///
/// Every bucket has a vector as a word of a prompt and one as a word of a response; a text is the weighted
/// sum of its words, and the cosine of two sums says how well they go together (Wu et al. 2018, StarSpace).
/// Trained to tell a prompt's own response from those of other prompts in the same batch.
struct RelevanceModel: Sendable {
    /// Vectors of 32 numbers, in groups of eight.
    static let lanes = 4
    /// Buckets share vectors: 8,192 of them, 1 MB a side.
    static let vectorCount = 1 << 13

    typealias Vector = InlineArray<4, SIMD8<Float>>

    /// A side's vectors.
    private(set) var prompts: [SIMD8<Float>]
    private(set) var responses: [SIMD8<Float>]

    /// Prompts that are trained on at once: each is told from 63 others.
    private static let batchSize = 64
    /// What cosines are multiplied by before the softmax.
    private static let sharpness: Float = 10
    /// First step of Adagrad.
    private static let step: Float = 0.1
    /// Pairs that are seen in all at least, in so many epochs at most.
    private static let leastPairs = 60_000
    private static let epochs = 6...20

    /// Reads saved vectors.
    init(prompts: [SIMD8<Float>], responses: [SIMD8<Float>]) {
        self.prompts = prompts
        self.responses = responses
    }

    /// One text of the training: places of its words' vectors with their weights.
    struct Words: Sendable {
        var places: [UInt16] = []
        var weights: [Float] = []

        init(_ words: WordBuckets, _ weights: BucketWeights) {
            for bucket in words.buckets {
                places.append(bucket & UInt16(RelevanceModel.vectorCount - 1))
                self.weights.append(weights[bucket])
            }
        }
    }

    /// Trains on pairs of a prompt and its response.
    ///
    /// Both sides begin with the same random vectors, so that equal words go together before anything is
    /// learnt. O(epochs · words).
    init(_ pairs: [(prompt: Words, response: Words)], seed: UInt64) {
        prompts = RelevanceModel.randomVectors(seed: seed)
        responses = prompts
        var promptSquares = [Float](repeating: 1e-8, count: RelevanceModel.vectorCount)
        var responseSquares = promptSquares
        let size = min(RelevanceModel.batchSize, pairs.count)
        guard size > 1 else { return }
        let epochs = min(
            RelevanceModel.epochs.upperBound,
            max(RelevanceModel.epochs.lowerBound, RelevanceModel.leastPairs / pairs.count))
        var order = Array(pairs.indices)
        for epoch in 0..<epochs {
            var generator = SeededGenerator(seed: seed, stream: UInt64(epoch) + 1)
            for index in stride(from: order.count - 1, to: 0, by: -1) {
                order.swapAt(index, Int(generator.below(UInt64(index + 1))))
            }
            var first = 0
            while first + size <= order.count {
                let batch = order[first..<first + size]
                let (left, right) = RelevanceModel.gradients(
                    batch.map { sum(prompts, pairs[$0].prompt) },
                    batch.map { sum(responses, pairs[$0].response) })
                for (place, index) in batch.enumerated() {
                    RelevanceModel.move(
                        &prompts, &promptSquares, pairs[index].prompt, left[place])
                    RelevanceModel.move(
                        &responses, &responseSquares, pairs[index].response, right[place])
                }
                first += size
            }
        }
    }

    private static func randomVectors(seed: UInt64) -> [SIMD8<Float>] {
        var generator = SeededGenerator(seed: seed)
        // Uniform numbers of variance 1/32: vectors of length about 1.
        let scale = Float(3.0 / 32).squareRoot() * 0x1p-23
        return (0..<vectorCount * lanes).map { _ in
            var vector = SIMD8<Float>.zero
            for index in 0..<8 {
                vector[index] = (Float(generator.next() >> 40) - 0x1p23) * scale
            }
            return vector
        }
    }

    private func sum(_ vectors: [SIMD8<Float>], _ words: Words) -> Vector {
        var sum = Vector(repeating: .zero)
        let vectors = vectors.span
        let places = words.places.span
        let weights = words.weights.span
        for index in places.indices {
            let first = Int(places[index]) &* RelevanceModel.lanes
            let weight = weights[index]
            for lane in 0..<RelevanceModel.lanes { sum[lane] += weight * vectors[first &+ lane] }
        }
        return sum
    }

    static func dot(_ left: Vector, _ right: Vector) -> Float {
        var sum = left[0] * right[0]
        for lane in 1..<lanes { sum += left[lane] * right[lane] }
        return sum.sum()
    }

    /// The cosine of two vectors, 0 where one is all zeros.
    static func cosine(_ left: Vector, _ right: Vector) -> Float {
        let scale = dot(left, left) * dot(right, right)
        return scale > 0 ? dot(left, right) / scale.squareRoot() : 0
    }

    private static func scaled(_ vector: Vector, _ factor: Float) -> Vector {
        var vector = vector
        for lane in 0..<lanes { vector[lane] *= factor }
        return vector
    }

    /// Gradients of the loss (the mean of the two softmax losses, across responses and across prompts)
    /// by the sums of a batch.
    private static func gradients(_ left: [Vector], _ right: [Vector]) -> ([Vector], [Vector]) {
        let size = left.count
        func lengths(_ vectors: [Vector]) -> [Float] {
            vectors.map { max(1e-6, dot($0, $0).squareRoot()) }
        }
        let (leftLengths, rightLengths) = (lengths(left), lengths(right))
        let a = left.indices.map { scaled(left[$0], 1 / leftLengths[$0]) }
        let b = right.indices.map { scaled(right[$0], 1 / rightLengths[$0]) }
        var exponentials = [Float](repeating: 0, count: size * size)
        var rowSums = [Float](repeating: 0, count: size)
        var columnSums = rowSums
        multiply(a.span, b.span, into: &exponentials)
        exponentiate(&exponentials)
        for row in 0..<size {
            for column in 0..<size {
                let value = exponentials[row * size + column]
                rowSums[row] += value
                columnSums[column] += value
            }
        }
        var byLeft = [Vector](repeating: Vector(repeating: .zero), count: size)
        var byRight = byLeft
        gather(
            exponentials.span, rowSums.span, columnSums.span, a.span, b.span, &byLeft, &byRight)
        // Only what turns a vector counts, not what makes it longer.
        func project(_ gradients: [Vector], _ units: [Vector], _ lengths: [Float]) -> [Vector] {
            gradients.indices.map { index in
                let along = dot(gradients[index], units[index])
                var result = gradients[index]
                for lane in 0..<lanes {
                    result[lane] =
                        (result[lane] - along * units[index][lane]) / lengths[index]
                }
                return result
            }
        }
        return (project(byLeft, a, leftLengths), project(byRight, b, rightLengths))
    }

    /// What the softmax takes: at most 0, so that nothing overflows, for a cosine is at most 1.
    private static func multiply(_ a: Span<Vector>, _ b: Span<Vector>, into scores: inout [Float]) {
        var scores = scores.mutableSpan
        var place = 0
        for row in a.indices {
            let own = a[row]
            for column in b.indices {
                scores[place] = sharpness * (dot(own, b[column]) - 1)
                place &+= 1
            }
        }
    }

    /// The gradients by the unit vectors of both sides.
    private static func gather(
        _ exponentials: Span<Float>, _ rowSums: Span<Float>, _ columnSums: Span<Float>,
        _ a: Span<Vector>, _ b: Span<Vector>, _ byLeft: inout [Vector], _ byRight: inout [Vector]
    ) {
        var byLeft = byLeft.mutableSpan
        var byRight = byRight.mutableSpan
        var place = 0
        for row in a.indices {
            let own = a[row]
            var sum = Vector(repeating: .zero)
            for column in b.indices {
                let value = exponentials[place]
                place &+= 1
                var gradient = value / rowSums[row] + value / columnSums[column]
                if row == column { gradient -= 2 }
                gradient *= sharpness / 2
                let other = b[column]
                var gathered = byRight[column]
                for lane in 0..<lanes {
                    sum[lane] += gradient * other[lane]
                    gathered[lane] += gradient * own[lane]
                }
                byRight[column] = gathered
            }
            byLeft[row] = sum
        }
    }

    private static func exponentiate(_ values: inout [Float]) {
        var index = 0
        while index < values.count {
            var group = SIMD8<Float>.zero
            let count = min(8, values.count - index)
            for lane in 0..<count { group[lane] = values[index + lane] }
            group = Elementary.exp(group)
            for lane in 0..<count { values[index + lane] = group[lane] }
            index += 8
        }
    }

    /// Adagrad with one rate a word (Duchi, Hazan, Singer 2011).
    private static func move(
        _ vectors: inout [SIMD8<Float>], _ squares: inout [Float], _ words: Words,
        _ gradient: Vector
    ) {
        let mean = dot(gradient, gradient) / Float(8 * lanes)
        var vectors = vectors.mutableSpan
        var squares = squares.mutableSpan
        let places = words.places.span
        let weights = words.weights.span
        for index in places.indices {
            let (place, weight) = (Int(places[index]), weights[index])
            let square = squares[place] + weight * weight * mean
            squares[place] = square
            let factor = step * weight / square.squareRoot()
            let first = place &* lanes
            for lane in 0..<lanes { vectors[first &+ lane] -= factor * gradient[lane] }
        }
    }
}
