import AssayKit

/// The user's own probabilities of the classes, brought into the order of the labels.
struct GivenProbabilities {
    private let values: [Float]
    private let classes: [String]

    /// A probability below it counts as so much, so that a logarithm exists.
    private static let least: Float = 1e-6
    /// The share of classes whose own column has to be the likeliest on average.
    private static let leastOrdered = 0.5
    private static let namesShown = 5

    /// Takes row-major values; `classes` is the order that the user stated.
    ///
    /// - Throws: `AnalyzerError` when there are not as many columns as classes, or a label is none of them.
    init(_ values: [Float], classCount: Int, classes stated: [String]?, labels: [String]) throws {
        let known = labels.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let classes = stated ?? known
        (self.values, self.classes) = (values, classes)
        guard classes.count == classCount else {
            throw AnalyzerError(
                "--pred-probs has \(classCount) columns, expected \(classes.count): the "
                    + (stated == nil ? "labels of the data" : "names in noise.classes")
                    + "; state the classes in the order of the columns with --set noise.classes=[...]",
                isConfiguration: true)
        }
        if let unknown = known.first(where: { !classes.contains($0) }) {
            throw AnalyzerError(
                "the label \"\(unknown)\" is none of the classes in noise.classes; state all classes in "
                    + "the order of the columns of --pred-probs", isConfiguration: true)
        }
    }

    /// The columns of some classes, clipped to 0...1 and made to add up to 1 in every row.
    ///
    /// `labels` are the rows' own, as numbers into `names`. A row of nothing but zeros becomes uniform.
    ///
    /// - Throws: `AnalyzerError` when the columns seem to be in another order.
    func columns(of names: [String], labels: [Int32]) throws -> [Float] {
        let places = Dictionary(
            classes.enumerated().map { ($0.element, $0.offset) },
            uniquingKeysWith: { first, _ in first })
        let columns = names.compactMap { places[$0] }
        var result: [Float] = []
        result.reserveCapacity(labels.count * names.count)
        for row in labels.indices {
            var sum: Float = 0
            for column in columns {
                let value = values[row * classes.count + column]
                let clipped = max(GivenProbabilities.least, min(1, value))
                sum += clipped
                result.append(clipped)
            }
            for place in result.count - columns.count..<result.count { result[place] /= sum }
        }
        try checkOrder(result, names, labels)
        return result
    }

    /// Records of a class have its own column as the likeliest on average, if the order is right.
    private func checkOrder(_ values: [Float], _ names: [String], _ labels: [Int32]) throws {
        let count = names.count
        var sums = [Double](repeating: 0, count: count * count)
        for (row, label) in labels.enumerated() {
            for column in 0..<count {
                sums[Int(label) * count + column] += Double(values[row * count + column])
            }
        }
        let ordered = (0..<count).count { label in
            let own = sums[label * count..<(label + 1) * count]
            return own.max() == own[own.startIndex + label]
        }
        guard Double(ordered) >= GivenProbabilities.leastOrdered * Double(count) else {
            let order = classes.prefix(GivenProbabilities.namesShown).joined(separator: ", ")
            throw AnalyzerError(
                "the columns of --pred-probs do not seem to be in the order of the classes (\(order), "
                    + "...): \(ordered) of \(count) classes have their own column as the likeliest; state "
                    + "the order of the columns with --set noise.classes=[...]",
                isConfiguration: true)
        }
    }
}
