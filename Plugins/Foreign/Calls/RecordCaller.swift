public import Foreign
import Glibc

/// Calls the functions of a library for records, a block at a time, and works out their scores.
///
/// One for a thread. Functions are called in the order of the manifest, each for all records of the
/// block before the next; the numbers they give are columns of the block.
public final class RecordCaller {
    private let library: ForeignLibrary
    private let description: ForeignDescription
    private let state: UnsafeMutableRawPointer?
    /// Keeps the texts that the state was made with.
    private let maker: CallSite?
    private let sites: [CallSite]
    private let block: FormulaBlock
    /// Values of the formulas of a function's arguments, a row of the block each.
    private let sizes: UnsafeMutablePointer<Double>
    private var scratch: [ScratchMemory]
    private let terminated = ScratchMemory()
    /// Numbers of a block for every argument, with room for a mark behind them.
    private let results: UnsafeMutableRawPointer
    private let resultBytes: Int
    private static let resultStride = FormulaBlock.rows * 8 + 64
    /// What a place holds before a call that only writes to it.
    private var placeFilling: UInt64 = 0
    /// Records that have no score, whatever the formula says.
    private let failed: UnsafeMutablePointer<Bool>
    /// Whether there may be any in this block.
    private var hasFailed = false
    private let scores: UnsafeMutablePointer<Double>
    private let flags: UnsafeMutablePointer<Double>
    private let needsWords: Bool
    private let needsLengths: Bool

    /// Most bytes that a function may ask for to write to.
    static let mostScratch = 1 << 30

    /// Texts one after another, as in a column of the input profile.
    public struct Texts {
        let bytes: UnsafePointer<UInt8>?
        /// Where each begins, and where the last one ends.
        let offsets: UnsafePointer<Int64>
        let validity: UnsafePointer<UInt8>?
        let count: Int

        /// A view of a column's buffers.
        public init(
            bytes: UnsafePointer<UInt8>?, offsets: UnsafePointer<Int64>,
            validity: UnsafePointer<UInt8>?, count: Int
        ) {
            (self.bytes, self.offsets, self.validity) = (bytes, offsets, validity)
            self.count = count
        }

        func isPresent(_ row: Int) -> Bool {
            guard let validity else { return true }
            return validity[row / 8] >> UInt8(row % 8) & 1 == 1
        }
    }

    /// A caller with a state of its own.
    ///
    /// - Throws: `CallFault` when a call cannot be prepared or the initialiser gives no state.
    public init(_ library: ForeignLibrary) throws {
        self.library = library
        description = library.description
        let made = try library.makeState()
        let state = made?.state
        self.state = state
        maker = made?.maker
        do {
            sites = try library.description.functions.map { try library.site($0, state: state) }
        } catch {
            if let state { library.end(state) }
            throw error
        }
        block = FormulaBlock(
            variableCount: library.description.variables.count,
            formulas: library.description.formulas)
        let widest = sites.map(\.function.arguments.count).max() ?? 0
        sizes = .allocate(capacity: max(1, widest) * FormulaBlock.rows)
        sizes.initialize(repeating: 0, count: max(1, widest) * FormulaBlock.rows)
        scratch = (0..<max(1, widest)).map { _ in ScratchMemory() }
        resultBytes = max(1, widest) * RecordCaller.resultStride
        results = .allocate(byteCount: resultBytes, alignment: 64)
        memset(results, 0, resultBytes)
        scores = .allocate(capacity: FormulaBlock.rows)
        scores.initialize(repeating: 0, count: FormulaBlock.rows)
        flags = .allocate(capacity: FormulaBlock.rows)
        flags.initialize(repeating: 0, count: FormulaBlock.rows)
        failed = .allocate(capacity: FormulaBlock.rows)
        failed.initialize(repeating: false, count: FormulaBlock.rows)
        needsWords = description.uses(ForeignDescription.textWords)
        needsLengths = description.uses(ForeignDescription.textLength)
        for (name, setting) in library.fixed.parameters {
            guard case .number(let value) = setting,
                let variable = description.variables.firstIndex(of: "param.\(name)")
            else { continue }
            block.column(variable).update(repeating: value, count: FormulaBlock.rows)
        }
    }

    deinit {
        if let state { library.end(state) }
        sizes.deallocate()
        results.deallocate()
        scores.deallocate()
        flags.deallocate()
        failed.deallocate()
    }

    /// Scores texts; `onBlock` gets the first row of a block, its scores and which rules hold for which of its records.
    ///
    /// A score that is no number is of a text that is absent, or of a call that failed.
    ///
    /// - Throws: `CallFault` when a function wrote beyond what it was given.
    public func score(
        _ texts: Texts,
        onBlock: (_ first: Int, _ scores: UnsafeMutableBufferPointer<Double>, _ block: BlockView)
            throws -> Void
    ) throws {
        var first = 0
        while first < texts.count {
            let count = min(FormulaBlock.rows, texts.count - first)
            try library.calling { try run(texts, first, count) }
            try onBlock(
                first, UnsafeMutableBufferPointer(start: scores, count: count),
                BlockView(caller: self, count: count))
            first += count
        }
    }

    /// What memory to write to is filled with before a call; nothing by default.
    func fillScratch(_ byte: UInt8?) {
        for memory in scratch { memory.filling = byte }
        placeFilling = UInt64(byte ?? 0) &* 0x0101_0101_0101_0101
        if let byte { memset(results, Int32(byte), resultBytes) }
    }

    /// The numbers of the block that was last scored, until the next one.
    public struct BlockView {
        fileprivate let caller: RecordCaller
        fileprivate let count: Int

        /// Calls `body` with each record of the block for which a rule holds, and the rule's confidence.
        ///
        /// Records without a score are left out.
        public func forEach(
            of rule: ForeignDescription.Rule,
            _ body: (_ row: Int, _ confidence: Double) throws -> Void
        ) rethrows {
            let (block, flags) = (caller.block, caller.flags)
            block.evaluate(rule.when, count: count, into: flags)
            var bits: UInt64 = 0
            for row in 0..<count { bits |= flags[row].bitPattern }
            guard bits << 1 != 0 else { return }
            let confidences = caller.sizes
            block.evaluate(rule.confidence, count: count, into: confidences)
            for row in 0..<count where flags[row] != 0 && flags[row] == flags[row] {
                let score = caller.scores[row]
                guard score == score else { continue }
                let confidence = confidences[row]
                try body(row, confidence == confidence ? min(max(confidence, 0), 1) : 0)
            }
        }

        /// Whether every call for a record succeeded.
        func isSound(_ row: Int) -> Bool { !caller.failed[row] }

        /// The value of a variable for a record.
        func value(_ variable: Int, row: Int) -> Double { caller.block.column(variable)[row] }
    }

    // MARK: Calls

    private func run(_ texts: Texts, _ first: Int, _ count: Int) throws {
        let lengths = block.column(ForeignDescription.textLength)
        let offsets = texts.offsets + first
        if needsLengths {
            for row in 0..<count { lengths[row] = Double(offsets[row + 1] &- offsets[row]) }
        }
        failed.update(repeating: false, count: count)
        hasFailed = texts.validity != nil
        if hasFailed {
            for row in 0..<count where !texts.isPresent(first + row) { failed[row] = true }
        }
        if needsWords { countWords(texts, first, count) }
        for site in sites {
            switch site.function.extent {
            case .batch: try callBatch(site, texts, first, count)
            case .row: try callRows(site, texts, first, count)
            case .word: try callWords(site, texts, first, count)
            }
        }
        block.evaluate(description.score, count: count, into: scores)
        for row in 0..<count {
            // No number stays none.
            let raised = scores[row] < 0 ? 0 : scores[row]
            scores[row] = raised > 1 ? 1 : raised
        }
        if hasFailed {
            for row in 0..<count where failed[row] { scores[row] = .nan }
        }
        block.column(description.scoreVariable).update(from: scores, count: count)
    }

    private func fail(_ row: Int) {
        failed[row] = true
        hasFailed = true
    }

    private func countWords(_ texts: Texts, _ first: Int, _ count: Int) {
        let column = block.column(ForeignDescription.textWords)
        for row in 0..<count {
            var words = 0
            forEachWord(texts, first + row) { _ in words += 1 }
            column[row] = Double(words)
        }
    }

    private func forEachWord(
        _ texts: Texts, _ row: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void
    ) rethrows {
        guard let bytes = texts.bytes else { return }
        let (start, end) = (Int(texts.offsets[row]), Int(texts.offsets[row + 1]))
        try WordCutter.forEach(
            UnsafeBufferPointer(start: bytes + start, count: end - start), body)
    }

    private func callBatch(_ site: CallSite, _ texts: Texts, _ first: Int, _ count: Int) throws {
        let arguments = site.function.arguments
        for (index, argument) in arguments.enumerated() {
            guard case .batchBytes = argument.origin else { continue }
            site.words[index] =
                texts.bytes.map { UInt64(UInt(bitPattern: $0)) }
                ?? terminate(UnsafeBufferPointer(start: nil, count: 0))
        }
        if try !callBatch(site, texts, first, 0..<count) {
            // Which of them it was shows when each is alone: the others have their scores however they are cut.
            for row in 0..<count where try !callBatch(site, texts, first, row..<row + 1) {
                fail(row)
            }
        }
        for (index, argument) in arguments.enumerated() {
            guard case .batchResults(let variable) = argument.origin else { continue }
            RecordCaller.widen(
                results + index * RecordCaller.resultStride, argument.type, count,
                into: block.column(variable))
        }
    }

    /// One call for some records of the block; whether its result is one of those that are success.
    private func callBatch(
        _ site: CallSite, _ texts: Texts, _ first: Int, _ rows: Range<Int>
    ) throws -> Bool {
        let arguments = site.function.arguments
        for (index, argument) in arguments.enumerated() {
            switch argument.origin {
            case .batchOffsets:
                site.words[index] = UInt64(
                    UInt(bitPattern: texts.offsets + first + rows.lowerBound))
            case .batchCount: site.words[index] = argument.type.word(Double(rows.count))
            case .batchResults:
                let (place, size) = (
                    results + index * RecordCaller.resultStride, argument.type.size
                )
                site.words[index] = UInt64(UInt(bitPattern: place + rows.lowerBound * size))
                place.storeBytes(
                    of: RecordCaller.resultMark, toByteOffset: rows.upperBound * size,
                    as: UInt64.self)
            default: break
            }
        }
        let result = site.function.returns.number(site.invoke())
        for (index, argument) in arguments.enumerated() {
            guard case .batchResults = argument.origin else { continue }
            let mark = (results + index * RecordCaller.resultStride).loadUnaligned(
                fromByteOffset: rows.upperBound * argument.type.size, as: UInt64.self)
            guard mark == RecordCaller.resultMark else { throw beyond(site, index) }
        }
        return site.function.accepted?.contains(result) ?? true
    }

    private static let resultMark: UInt64 = 0x5AA5_C33C_9669_F00F

    private func beyond(_ site: CallSite, _ index: Int) -> CallFault {
        let symbol = site.function.symbol
        return CallFault(
            "\(symbol) wrote beyond the bytes it was given as argument \(index + 1)")
    }

    /// Numbers of a type as doubles; a loop of its own for the commonest.
    private static func widen(
        _ source: UnsafeMutableRawPointer, _ type: ForeignType, _ count: Int,
        into column: UnsafeMutablePointer<Double>
    ) {
        switch type {
        case .f64:
            column.update(from: source.assumingMemoryBound(to: Double.self), count: count)
        case .f32:
            let values = source.assumingMemoryBound(to: Float.self)
            for row in 0..<count { column[row] = Double(values[row]) }
        default:
            for row in 0..<count {
                var word: UInt64 = 0
                memcpy(&word, source + row * type.size, type.size)
                column[row] = type.number(word)
            }
        }
    }

    /// Evaluates the formulas of a function's arguments for the block.
    private func prepareFormulas(_ site: CallSite, _ count: Int) {
        for (index, argument) in site.function.arguments.enumerated() {
            switch argument.origin {
            case .scratch(let formula), .place(.some(let formula), _):
                block.evaluate(formula, count: count, into: sizes + index * FormulaBlock.rows)
            default: break
            }
        }
    }

    /// Fills what differs from record to record; false when the function asks for more than it can have.
    private func fill(_ site: CallSite, row: Int, text: UnsafeBufferPointer<UInt8>) throws -> Bool {
        for (index, argument) in site.function.arguments.enumerated() {
            let size = sizes[index * FormulaBlock.rows + row]
            switch argument.origin {
            case .textPointer:
                // Where no record has a text there is no buffer: never a null pointer.
                site.words[index] =
                    text.baseAddress.map { UInt64(UInt(bitPattern: $0)) } ?? terminate(text)
            case .textLength: site.words[index] = argument.type.word(Double(text.count))
            case .textTerminated: site.words[index] = terminate(text)
            case .scratch:
                guard size >= 0, size <= Double(RecordCaller.mostScratch) else { return false }
                site.words[index] = UInt64(UInt(bitPattern: try scratch[index].room(Int(size))))
            case .place(let initial, _):
                site.fillPlace(
                    index, initial == nil ? placeFilling : argument.type.word(size))
            default: break
            }
        }
        return true
    }

    private func terminate(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        guard let memory = try? terminated.room(text.count + 1) else { return 0 }
        if let base = text.baseAddress { memory.copyMemory(from: base, byteCount: text.count) }
        memory.storeBytes(of: 0, toByteOffset: text.count, as: UInt8.self)
        return UInt64(UInt(bitPattern: memory))
    }

    private func checkBounds(_ site: CallSite) throws {
        for (index, argument) in site.function.arguments.enumerated() {
            switch argument.origin {
            case .scratch where !scratch[index].isIntact: break
            case .place where !site.isIntact(index): break
            case .textTerminated where !terminated.isIntact: break
            case .wordTerminated where !terminated.isIntact: break
            default: continue
            }
            throw beyond(site, index)
        }
    }

    private func callRows(_ site: CallSite, _ texts: Texts, _ first: Int, _ count: Int) throws {
        prepareFormulas(site, count)
        let function = site.function
        for row in 0..<count where !failed[row] {
            let (start, end) = (
                Int(texts.offsets[first + row]), Int(texts.offsets[first + row + 1])
            )
            let text = UnsafeBufferPointer(
                start: texts.bytes.map { $0 + start }, count: end - start)
            guard try fill(site, row: row, text: text) else {
                fail(row)
                continue
            }
            let result = function.returns.number(site.invoke())
            try checkBounds(site)
            if let accepted = function.accepted, !accepted.contains(result) { fail(row) }
            if let variable = function.variable { block.column(variable)[row] = result }
            for (index, argument) in function.arguments.enumerated() {
                guard case .place(_, let variable) = argument.origin else { continue }
                block.column(variable)[row] = argument.type.number(site.places[index])
            }
        }
    }

    private func callWords(_ site: CallSite, _ texts: Texts, _ first: Int, _ count: Int) throws {
        prepareFormulas(site, count)
        let function = site.function
        let variables = function.arguments.enumerated().compactMap { index, argument in
            if case .place(_, let variable) = argument.origin { (index, variable) } else { nil }
        }
        for row in 0..<count where !failed[row] {
            var sum = 0.0
            var sums = [Double](repeating: 0, count: variables.count)
            try forEachWord(texts, first + row) { word in
                guard !failed[row], try fill(site, row: row, text: word) else {
                    fail(row)
                    return
                }
                for (index, argument) in function.arguments.enumerated() {
                    switch argument.origin {
                    case .wordTerminated: site.words[index] = terminate(word)
                    case .wordLength: site.words[index] = argument.type.word(Double(word.count))
                    default: break
                    }
                }
                let result = function.returns.number(site.invoke())
                try checkBounds(site)
                if let accepted = function.accepted, !accepted.contains(result) {
                    fail(row)
                }
                sum += result
                for (place, variable) in variables.enumerated() {
                    sums[place] += function.arguments[variable.0].type.number(
                        site.places[variable.0])
                }
            }
            if let variable = function.variable { block.column(variable)[row] = sum }
            for (place, variable) in variables.enumerated() {
                block.column(variable.1)[row] = sums[place]
            }
        }
    }
}
