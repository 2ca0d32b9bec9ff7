import Numerics

/// How near a prompt and its response are in meaning: the cosine of their embeddings, less what all have
/// in common.
///
/// All prompts of a dataset lie near each other and so do all responses, along few directions of which most
/// of the distance is made. Both centres are taken off, and the strongest directions are shrunk to the
/// strength of the next one, a whitening that goes no further than the data can tell (after Mu and Viswanath
/// 2018, who take the strongest off altogether, which loses what a topic is).
struct EmbeddingRelation: Sendable {
    /// Numbers of a vector; 0 where there are no embeddings.
    let dimensions: Int
    private let promptCentre: [SIMD8<Float>]
    private let responseCentre: [SIMD8<Float>]
    /// One after the other; what a vector has along each, squared, is taken off its squared length.
    private let directions: [SIMD8<Float>]

    /// Directions that are shrunk at most, and numbers of a vector for each.
    private static let mostDirections = 16
    private static let numbersPerDirection = 16
    /// Numbers of all vectors that the directions are learnt from at most.
    private static let mostNumbers = 1 << 19

    /// Knows nothing: every cosine is 0.
    static let none = EmbeddingRelation(
        dimensions: 0, promptCentre: [], responseCentre: [], directions: [])

    private init(
        dimensions: Int, promptCentre: [SIMD8<Float>], responseCentre: [SIMD8<Float>],
        directions: [SIMD8<Float>]
    ) {
        self.dimensions = dimensions
        (self.promptCentre, self.responseCentre) = (promptCentre, responseCentre)
        self.directions = directions
    }

    /// Learns from prompts and their responses, vectors of one length; pairs without a word do not count.
    ///
    /// O(pairs · d + mostNumbers · directions).
    init(prompts: [[Float]], responses: [[Float]], seed: UInt64) {
        let dimensions = prompts.first?.count ?? 0
        let sides = [prompts, responses].map { $0.map { EmbeddingRelation.lanes($0.span) } }
        let whole = prompts.indices.filter { index in
            sides.allSatisfy { EmbeddingRelation.isPresent($0[index]) }
        }
        guard dimensions > 0, !whole.isEmpty else {
            self = .none
            return
        }
        let centres = sides.map { side in EmbeddingRelation.mean(whole.map { side[$0] }) }
        let count = max(1, min(whole.count, EmbeddingRelation.mostNumbers / dimensions / 2))
        let sample = (0..<count).flatMap { position in
            let index = whole[position * whole.count / count]
            return zip(sides, centres).map { side, centre in
                zip(side[index], centre).map { $0 - $1 }
            }
        }
        let most = min(
            EmbeddingRelation.mostDirections, dimensions / EmbeddingRelation.numbersPerDirection)
        self.init(
            dimensions: dimensions, promptCentre: centres[0], responseCentre: centres[1],
            directions: StrongDirections(sample, count: most, seed: seed).lanes)
    }

    /// The cosine of prompt and response, −1 to 1; 0 where one has no embedding.
    ///
    /// O(d · directions).
    func cosine(
        _ prompt: Span<Float>, _ response: Span<Float>, _ scratch: inout Scratch
    ) -> Float {
        guard dimensions > 0, prompt.count == dimensions, response.count == dimensions else {
            return 0
        }
        let hasPrompt = EmbeddingRelation.fill(&scratch.prompt, prompt, promptCentre)
        let hasResponse = EmbeddingRelation.fill(&scratch.response, response, responseCentre)
        guard hasPrompt, hasResponse else { return 0 }
        return shrunkCosine(scratch.prompt.span, scratch.response.span)
    }

    /// What a thread keeps from pair to pair.
    struct Scratch {
        fileprivate var prompt: [SIMD8<Float>] = []
        fileprivate var response: [SIMD8<Float>] = []
    }

    private func shrunkCosine(
        _ prompt: Span<SIMD8<Float>>, _ response: Span<SIMD8<Float>>
    ) -> Float {
        var (p, r, pr) = (SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero)
        for lane in prompt.indices {
            p += prompt[lane] * prompt[lane]
            r += response[lane] * response[lane]
            pr += prompt[lane] * response[lane]
        }
        var (own, other, both) = (p.sum(), r.sum(), pr.sum())
        let directions = directions.span
        var first = 0
        while first < directions.count {
            (p, r) = (.zero, .zero)
            for lane in prompt.indices {
                // A direction has as many lanes as a vector.
                let direction = unsafe directions[unchecked: first &+ lane]
                p += direction * prompt[lane]
                r += direction * response[lane]
            }
            let (a, b) = (p.sum(), r.sum())
            own -= a * a
            other -= b * b
            both -= a * b
            first &+= prompt.count
        }
        let scale = own * other
        return scale > 1e-12 ? max(-1, min(1, both / scale.squareRoot())) : 0
    }

    /// Fills a list with a vector less a centre; `false` for a vector of zeros.
    private static func fill(
        _ list: inout [SIMD8<Float>], _ vector: Span<Float>, _ centre: [SIMD8<Float>]
    ) -> Bool {
        if list.count != centre.count {
            list = [SIMD8<Float>](repeating: .zero, count: centre.count)
        }
        var present = SIMD8<Float>.zero
        let centre = centre.span
        var places = list.mutableSpan
        for lane in centre.indices {
            let own = EmbeddingRelation.lane(vector, lane)
            present += own * own
            places[lane] = own - centre[lane]
        }
        return present.sum() > 0
    }

    @inline(__always)
    private static func lane(_ vector: Span<Float>, _ lane: Int) -> SIMD8<Float> {
        let first = lane &* 8
        guard first &+ 8 <= vector.count else {
            var part = SIMD8<Float>.zero
            for index in first..<vector.count { part[index - first] = vector[index] }
            return part
        }
        return unsafe SIMD8(
            vector[unchecked: first], vector[unchecked: first &+ 1], vector[unchecked: first &+ 2],
            vector[unchecked: first &+ 3], vector[unchecked: first &+ 4],
            vector[unchecked: first &+ 5], vector[unchecked: first &+ 6],
            vector[unchecked: first &+ 7])
    }

    private static func lanes(_ vector: Span<Float>) -> [SIMD8<Float>] {
        (0..<(vector.count + 7) / 8).map { lane(vector, $0) }
    }

    private static func isPresent(_ vector: [SIMD8<Float>]) -> Bool {
        vector.contains { $0 != .zero }
    }

    private static func mean(_ vectors: [[SIMD8<Float>]]) -> [SIMD8<Float>] {
        var sum = [SIMD8<Float>](repeating: .zero, count: vectors[0].count)
        for vector in vectors {
            for lane in sum.indices { sum[lane] += vector[lane] }
        }
        let scale = 1 / Float(vectors.count)
        return sum.map { $0 * scale }
    }

    // MARK: Saving

    /// Everything that was learnt.
    var numbers: [Float] {
        var numbers = [Float(dimensions), Float(directions.count)]
        for lane in promptCentre + responseCentre + directions {
            for index in 0..<8 { numbers.append(lane[index]) }
        }
        return numbers
    }

    /// Reads what `numbers` gave off the beginning of a list; `nil` where it does not fit.
    init?(readingFrom rest: inout ArraySlice<Float>) {
        guard rest.count >= 2 else { return nil }
        let head = rest.prefix(2).map { $0 }
        rest = rest.dropFirst(2)
        let most = Float(1 << 20)
        guard head.allSatisfy({ $0 >= 0 && $0 <= most && $0 == $0.rounded() }) else { return nil }
        let (dimensions, directionLanes) = (Int(head[0]), Int(head[1]))
        let lanes = (dimensions + 7) / 8
        guard directionLanes == 0 || (lanes > 0 && directionLanes % lanes == 0),
            rest.count >= 8 * (2 * lanes + directionLanes)
        else { return nil }
        func take(_ count: Int) -> [SIMD8<Float>] {
            let values = rest.prefix(8 * count)
            rest = rest.dropFirst(8 * count)
            let first = values.startIndex
            return (0..<count).map { lane in
                var part = SIMD8<Float>.zero
                for index in 0..<8 { part[index] = values[first + 8 * lane + index] }
                return part
            }
        }
        self.init(
            dimensions: dimensions, promptCentre: take(lanes), responseCentre: take(lanes),
            directions: take(directionLanes))
    }
}
