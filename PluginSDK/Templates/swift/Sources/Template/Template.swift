import AssayKit
import CAssay

/// 0 for a good text, 1 for a bad one: here, the share of capital letters.
struct Template: RowScorer {
    static let id: StaticString = "org.example.template"
    static let version: StaticString = "1.0.0"

    func score(_ text: Span<UInt8>) -> Double {
        var capitals = 0
        for index in text.indices where text[index] >= 65 && text[index] <= 90 { capitals += 1 }
        return text.isEmpty ? 0 : Double(capitals) / Double(text.count)
    }
}

private let library = PluginLibrary(AnyAnalyzer(RowScoring<Template>.self))

// swift-format-ignore: AlwaysUseLowerCamelCase
/// The plugin's one exported symbol.
@c(assay_library_v1) @implementation
public func assay_library_v1() -> LibraryTable { library.table }
