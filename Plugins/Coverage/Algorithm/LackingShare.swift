import Numerics

/// How large a part of a reference is of kinds that the data lacks.
///
/// What counts is judged by what has not seen it (cross-fitting; Chernozhukov et al. 2018): both sides are dealt into
/// ten parts. Of the other nine the records of the reference are taken that near neighbours tell from the data, a
/// linear model (ridge regression, both sides of equal weight) learns to tell these from the data, and of the
/// tenth part every record is ranked among the data by it, half by what it says of the record's neighbours. Without
/// the parts, records of templates that chance has dealt to the reference would be learnt by heart and counted.
///
/// What the data has too is ranked evenly. What it lacks is ranked high, some of it surely and some less: two beta
/// distributions, whose weights beside the even one are the estimate (expectation-maximisation). Counting what
/// is ranked above a cut would miss those that are hard to tell.
struct LackingShare {
    /// Share of the reference, 0 to 1.
    let share: Double
    /// Standard error of the share, from leaving out one part after the other (jackknife).
    let error: Double
    /// Which records of the reference are ranked above all but a `strictness` of the data, above all of it where
    /// it has few.
    let isLacking: [Bool]

    /// Parts that take turns in being judged.
    private static let parts = 10
    /// Parts of what is learnt from in which neighbours take turns in being asked.
    private static let turns = 10
    /// Steps of a walk along near neighbours.
    private static let steps = 3
    /// Share of the data that is like what is learnt to be lacking.
    private static let learntAlarms = 0.02
    /// Fewer records teach nothing.
    private static let leastLearnt = 3
    /// Added to the diagonal, over the number of dimensions.
    private static let penalty = 0.0125
    /// Share of the data above the cut of what is listed.
    private static let strictness = 0.01
    private static let neighbourCount = 10
    private static let ownWeight: Float = 0.5

    /// `nil` where too little is told from the data to be learnt.
    ///
    /// O(n √n d + d³) for n records of both sides.
    init?(data: VectorSet, reference: VectorSet, seed: UInt64, work: some WorkSharing) {
        var nodes = reference
        nodes.append(contentsOf: data)
        let near = VectorIndex(nodes, seed: seed, work: work)
            .neighbours(count: LackingShare.neighbourCount, work: work)
        let sides = Sides(
            nodes: nodes, referenceCount: reference.count, near: near,
            graph: NeighbourGraph(near),
            partOf: LackingShare.deal(nodes.count, LackingShare.parts, seed),
            turnOf: LackingShare.deal(nodes.count, LackingShare.turns, ~seed))
        let blocks = work.map(LackingShare.parts) { sides.blocks($0) }
        let judged = work.map(LackingShare.parts) { sides.ranks(of: $0, learntFrom: blocks) }
        var ranks: [[Double]] = []
        var isLacking = [Bool](repeating: false, count: reference.count)
        for judged in judged {
            guard let judged else { return nil }
            for (node, rank) in zip(judged.nodes, judged.ranks) where rank > judged.limit {
                isLacking[node] = true
            }
            ranks.append(judged.ranks)
        }
        self.isLacking = isLacking
        // All parts, then all but one of them.
        let shares = work.map(LackingShare.parts + 1) { [ranks] left in
            RankMixture(
                ranks.indices.filter { $0 + 1 != left }.flatMap { ranks[$0] }
            ).raised
        }
        share = shares[0]
        let others = shares.dropFirst()
        let mean = others.reduce(0, +) / Double(others.count)
        let squares = others.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        error = (squares * Double(others.count - 1) / Double(others.count)).squareRoot()
    }

    /// Deals `count` nodes into parts.
    private static func deal(_ count: Int, _ parts: Int, _ seed: UInt64) -> [Int] {
        (0..<count).map { Int(StableHash.mix(seed ^ StableHash.mix(UInt64($0))) % UInt64(parts)) }
    }

    /// Reference and data, the reference first, and how they are dealt.
    private struct Sides {
        let nodes: VectorSet
        let referenceCount: Int
        let near: [[VectorIndex.Neighbour]]
        let graph: NeighbourGraph
        let partOf: [Int]
        let turnOf: [Int]

        private var width: Int { nodes.dimensions + 1 }

        private func isReference(_ node: Int) -> Bool { node < referenceCount }

        /// Sums of products and of vectors of the data's records of a part.
        struct Block {
            var products: [Double]
            var sums: [Double]
            var count: Int
        }

        func blocks(_ part: Int) -> Block {
            block((referenceCount..<nodes.count).filter { partOf[$0] == part })
        }

        private func block(_ rows: [Int]) -> Block {
            var matrix = GramMatrix(width: width)
            var sums = [Double](repeating: 0, count: width)
            for row in rows {
                let vector = nodes.vector(row)
                matrix.add(vector.span, constant: 1)
                for index in vector.indices { sums[index] += Double(vector[index]) }
                sums[width - 1] += 1
            }
            var products = [Double](repeating: 0, count: width * width)
            matrix.addLowerTriangle(to: &products)
            return Block(products: products, sums: sums, count: rows.count)
        }

        /// Of every reference record of a part its rank among the part's data, between 0 and 1, and above which rank
        /// it is listed.
        func ranks(
            of part: Int, learntFrom blocks: [Block]
        ) -> (nodes: [Int], ranks: [Double], limit: Double)? {
            let lacking = lackingOthers(than: part)
            guard lacking.count >= LackingShare.leastLearnt,
                let line = line(lacking, blocks, without: part)
            else { return nil }
            var lines = VectorSet(dimensions: nodes.dimensions)
            lines.append(line.span)
            let own = partOf.indices.filter { partOf[$0] == part }
            let scores = own.map { node -> Double in
                let said = nodes.dot(node, lines, 0)
                guard !near[node].isEmpty else { return Double(said) }
                let sum = near[node].reduce(Float(0)) { $0 + nodes.dot(Int($1.index), lines, 0) }
                return Double(
                    LackingShare.ownWeight * said
                        + (1 - LackingShare.ownWeight) * sum / Float(near[node].count))
            }
            let others = zip(own, scores).filter { !isReference($0.0) }.map(\.1).sorted()
            guard !others.isEmpty else { return nil }
            let judged = zip(own, scores).filter { isReference($0.0) }
            let ranks = judged.map { node, score -> Double in
                let below = SortedSearch.lowerBound(score, in: others)
                let upTo = SortedSearch.lowerBound(score.nextUp, in: others)
                // Copies score the same: each is dealt a place among them.
                let draw = Double(StableHash.mix(UInt64(node) ^ 0x7261_6E6B) >> 11) * 0x1p-53
                let place = Double(below) + draw * Double(upTo - below)
                return (place + 0.5) / Double(others.count + 1)
            }
            let strictness = max(LackingShare.strictness, 1 / Double(others.count + 1))
            return (judged.map(\.0), ranks, 1 - strictness)
        }

        /// Records of the reference, of other parts, that walks from the reference reach and walks from the data
        /// do not; each judged by walks that begin in other turns than its own.
        private func lackingOthers(than part: Int) -> [Int] {
            var foreignness = [Double](repeating: 0, count: nodes.count)
            let isOther = partOf.map { $0 != part }
            for turn in 0..<LackingShare.turns {
                let begins = isOther.indices.map { isOther[$0] && turnOf[$0] != turn }
                let counts = begins.indices.reduce(into: (own: 0, other: 0)) {
                    guard begins[$1] else { return }
                    if isReference($1) { $0.own += 1 } else { $0.other += 1 }
                }
                guard counts.own > 0, counts.other > 0 else { return [] }
                // Both sides weigh the same, however large.
                let weight = Float(counts.own) / Float(counts.other)
                var own = begins.indices.map { begins[$0] && isReference($0) ? Float(1) : 0 }
                var other = begins.indices.map { begins[$0] && !isReference($0) ? weight : 0 }
                for _ in 0..<LackingShare.steps {
                    own = graph.step(own)
                    other = graph.step(other)
                }
                for node in isOther.indices where isOther[node] && turnOf[node] == turn {
                    foreignness[node] = Double(own[node] / max(own[node] + other[node], 1e-12))
                }
            }
            let others = (referenceCount..<nodes.count).filter { isOther[$0] }
                .map { foreignness[$0] }.sorted()
            guard
                let most = Quantiles.quantile(1 - LackingShare.learntAlarms, ofSorted: others)
            else { return [] }
            return (0..<referenceCount).filter { isOther[$0] && foreignness[$0] > most }
        }

        /// What is near 1 for records like the lacking ones and near −1 for those of the data, but for a constant.
        private func line(_ lacking: [Int], _ blocks: [Block], without part: Int) -> [Float]? {
            var matrix = [Double](repeating: 0, count: width * width)
            var right = [Double](repeating: 0, count: width)
            func add(_ block: Block, target: Double, of count: Int) {
                let weight = 0.5 / Double(count)
                for index in matrix.indices { matrix[index] += weight * block.products[index] }
                for index in right.indices { right[index] += target * weight * block.sums[index] }
            }
            let dataCount = blocks.indices.reduce(0) { $0 + ($1 == part ? 0 : blocks[$1].count) }
            guard dataCount > 0 else { return nil }
            for (number, block) in blocks.enumerated() where number != part {
                add(block, target: -1, of: dataCount)
            }
            add(block(lacking), target: 1, of: lacking.count)
            for index in 0..<width - 1 {
                matrix[index * width + index] += LackingShare.penalty / Double(nodes.dimensions)
            }
            return CholeskyFactor(matrix, size: width).solve(right).dropLast().map { Float($0) }
        }
    }
}
