@_spi(_Unicode) import Swift

/// One step of a tokenizer's normalisation.
enum NormalizerStep: Sendable {
    case lowercase
    case composed
    case decomposed
    case stripAccents
    case strip(left: Bool, right: Bool)
    case replace(pattern: [UInt8], content: [UInt8])
    /// Two or more spaces.
    case replaceSpaces(content: [UInt8])
    case prepend([UInt8])
    case map(CharacterMap)

    /// The text after the step.
    func apply(_ text: [UInt8]) -> [UInt8] {
        switch self {
        case .lowercase:
            return scalars(text) { scalar in Array(scalar.properties.lowercaseMapping.utf8) }
        case .composed:
            return Array(
                String(String.UnicodeScalarView(String(decoding: text, as: UTF8.self)._nfc)).utf8)
        case .decomposed:
            return Array(
                String(String.UnicodeScalarView(String(decoding: text, as: UTF8.self)._nfd)).utf8)
        case .stripAccents:
            return scalars(text) { scalar in
                scalar.properties.generalCategory == .nonspacingMark
                    ? [] : Array(String(scalar).utf8)
            }
        case .strip(let left, let right):
            var view = String(decoding: text, as: UTF8.self).unicodeScalars[...]
            if left { view = view.drop { $0.properties.isWhitespace } }
            while right, let last = view.last, last.properties.isWhitespace { view.removeLast() }
            return Array(String(view).utf8)
        case .replace(let pattern, let content):
            return NormalizerStep.replace(pattern, by: content, in: text)
        case .replaceSpaces(let content):
            return NormalizerStep.replaceSpaces(by: content, in: text)
        case .prepend(let prefix):
            return text.isEmpty ? text : prefix + text
        case .map(let map):
            var output: [UInt8] = []
            output.reserveCapacity(text.count)
            map.map(text, into: &output)
            return output
        }
    }

    private func scalars(_ text: [UInt8], _ body: (Unicode.Scalar) -> [UInt8]) -> [UInt8] {
        String(decoding: text, as: UTF8.self).unicodeScalars.flatMap(body)
    }

    private static func replace(
        _ pattern: [UInt8], by content: [UInt8], in text: [UInt8]
    ) -> [UInt8] {
        guard !pattern.isEmpty else { return text }
        var output: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index...].starts(with: pattern) {
                output += content
                index += pattern.count
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }

    private static func replaceSpaces(by content: [UInt8], in text: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var index = 0
        while index < text.count {
            let end = text[index...].firstIndex { $0 != 0x20 } ?? text.count
            if end - index >= 2 {
                output += content
                index = end
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }
}
