import Numerics

/// How large a part of a reference is of kinds that the data lacks, from records of it that surely are.
///
/// A linear model of their embeddings (ridge regression, both sides of equal weight) tells these records from the
/// data; each record is judged by a model that was made without it, and half by what is said of its neighbours. What
/// it puts above all but 1 in 100 of the data is grouped into regions, and those go where the data has its share:
/// there chance or other proportions had taken the records for lacking. From the regions that stay a second model
/// learns: of words and pairs of words (logistic regression) where texts are known, which tells what lies near to
/// everything by its embedding. The share of the reference above a cut of that one, less what of the data lies above it, is the
/// estimate: records that are hard to tell stand on both sides of it, where counting the sure ones alone
/// would miss them.
struct LackingShare {
    /// Share of the reference, 0 to 1.
    let share: Double
    /// Standard error of the share.
    let error: Double
    /// What is surely lacking, the largest region first.
    let regions: [UncoveredRegion]

    /// Parts that take turns in being judged.
    private static let folds = 3
    /// Added to the diagonal, over the number of dimensions.
    private static let penalty = 0.0125
    /// Share of the data above the cut that the estimate is made at: low enough a cut that few of what
    /// is lacking lie below it, high enough that chance among the rest weighs little.
    private static let cut = 0.04
    /// Share of the data above the cut of what is listed.
    private static let strictness = 0.01
    private static let neighbourCount = 10
    private static let ownWeight: Float = 0.5
    private static let blockRows = 1024
    /// Records that a model of words is learnt from at least, and how often each is repeated at most, so that both
    /// sides count the same.
    private static let leastTold = 30
    private static let mostRepeats = 32
    /// Log-odds beyond which no record is surer.
    private static let mostLogit: Float = 15

    /// `nil` when none of the reference is sure, or when the data has its share of all regions.
    init?(
        data: VectorSet, reference: VectorSet, words: TextFeatures?, sure: [Bool], seed: UInt64,
        work: some WorkSharing
    ) {
        let (n, m) = (Double(reference.count), Double(data.count))
        var nodes = reference
        nodes.append(contentsOf: data)
        let index = VectorIndex(nodes, seed: seed, work: work)
        let near = index.neighbours(count: LackingShare.neighbourCount, work: work)

        /// How far every node is like what is sure, and not like the data.
        func judged(_ sure: [Bool], by words: TextFeatures?) -> [Float]? {
            let count = sure.count { $0 }
            guard count >= LackingShare.folds else { return nil }
            // The reference's records that are not sure teach nothing: they may be of either kind.
            let targets = (0..<nodes.count).map { node -> Float in
                node >= reference.count ? -1 : sure[node] ? 1 : 0
            }
            let said =
                words.flatMap { words in
                    count < LackingShare.leastTold
                        ? nil : LackingShare.outOfFold(words, targets, seed: seed)
                } ?? LackingShare.outOfFold(nodes, targets, seed: seed, work: work)
            return said.indices.map { node -> Float in
                guard !near[node].isEmpty else { return said[node] }
                let sum = near[node].reduce(Float(0)) { $0 + said[Int($1.index)] }
                return LackingShare.ownWeight * said[node]
                    + (1 - LackingShare.ownWeight) * sum / Float(near[node].count)
            }
        }
        /// Rows of the reference that are above all but a share of the data.
        func above(_ share: Double, _ scores: [Float]) -> [Int] {
            let others = scores[reference.count...].map(Double.init).sorted()
            let cut = Quantiles.quantile(1 - share, ofSorted: others) ?? 1
            return (0..<reference.count).filter { Double(scores[$0]) > cut }
        }
        /// Regions of such rows that the data lacks.
        func lacking(_ scores: [Float]) -> [UncoveredRegion] {
            UncoveredRegion.among(
                above(LackingShare.strictness, scores), of: reference, near: near,
                dataCount: data.count, seed: seed, work: work
            ).filter { $0.presence < UncoveredRegion.lackingPresence }
        }

        guard let first = judged(sure, by: nil) else { return nil }
        var pure = [Bool](repeating: false, count: reference.count)
        for region in lacking(first) {
            for row in region.rows { pure[row] = true }
        }
        guard let scores = judged(pure, by: words) else { return nil }
        regions = lacking(scores)
        guard !regions.isEmpty else { return nil }
        let alarms = LackingShare.cut
        let found = Double(above(alarms, scores).count) / n
        share = max(0, (found - alarms) / (1 - alarms))
        error =
            (found * (1 - found) / n + alarms * (1 - alarms) / m).squareRoot() / (1 - alarms)
    }

    /// Which part a node is of.
    private static func folds(_ count: Int, seed: UInt64) -> [Int] {
        (0..<count).map {
            Int(StableHash.mix(seed ^ StableHash.mix(UInt64($0))) % UInt64(folds))
        }
    }

    /// The log-odds that models without a node give it by its words.
    private static func outOfFold(
        _ words: TextFeatures, _ targets: [Float], seed: UInt64
    ) -> [Float] {
        let fold = folds(targets.count, seed: seed)
        let counts = (targets.count { $0 > 0 }, targets.count { $0 < 0 })
        let repeats = max(1, min(mostRepeats, counts.1 / max(1, counts.0)))
        let rows = targets.indices.flatMap { node in
            Array(
                repeating: Int32(node),
                count: targets[node] > 0 ? repeats : targets[node] < 0 ? 1 : 0)
        }
        let model = FoldedLogistic(
            words, rows: rows, labels: targets.map { $0 > 0 ? 1 : 0 },
            folds: fold.map { Int32($0) }, firstFold: 0, seed: seed)
        return targets.indices.map { node in
            let chance = model.chances(words, node)[fold[node]]
            let odds = Elementary.log(Double(max(chance, 1e-9)) / Double(max(1 - chance, 1e-9)))
            return max(-mostLogit, min(mostLogit, Float(odds)))
        }
    }

    /// What models without a node say of it: near 1 for a target of 1, near −1 for one of −1.
    private static func outOfFold(
        _ nodes: VectorSet, _ targets: [Float], seed: UInt64, work: some WorkSharing
    ) -> [Float] {
        let width = nodes.dimensions + 1
        let fold = LackingShare.folds(targets.count, seed: seed)
        // Both kinds weigh one half in all.
        let counts = (targets.count { $0 > 0 }, targets.count { $0 < 0 })
        let weights = targets.map { target -> Float in
            target == 0 ? 0 : 0.5 / Float(target > 0 ? counts.0 : counts.1)
        }
        let blocks = (nodes.count + blockRows - 1) / blockRows
        let parts = work.map(folds * blocks) { part in
            let block = part / folds * blockRows
            var matrix = GramMatrix(width: width)
            var right = [Float](repeating: 0, count: width)
            for node in block..<min(nodes.count, block + blockRows)
            where fold[node] == part % folds && weights[node] > 0 {
                let vector = nodes.vector(node)
                matrix.add(vector.span, constant: 1, weight: weights[node])
                let target = weights[node] * targets[node]
                for index in vector.indices { right[index] += target * vector[index] }
                right[width - 1] += target
            }
            return (matrix: matrix, right: right)
        }
        let models = work.map(folds) { left in
            var matrix = [Double](repeating: 0, count: width * width)
            var right = [Double](repeating: 0, count: width)
            for (number, part) in parts.enumerated() where number % folds != left {
                var part = part
                part.matrix.addLowerTriangle(to: &matrix)
                for index in right.indices { right[index] += Double(part.right[index]) }
            }
            for index in 0..<width - 1 {
                matrix[index * width + index] += penalty / Double(nodes.dimensions)
            }
            return CholeskyFactor(matrix, size: width).solve(right)
        }
        var lines = VectorSet(dimensions: nodes.dimensions)
        for model in models {
            let line = model.dropLast().map { Float($0) }
            lines.append(line.span)
        }
        return fold.indices.map { node in
            nodes.dot(node, lines, fold[node]) + Float(models[fold[node]][width - 1])
        }
    }
}
