import AssayKit
public import CAssay

private let library = PluginLibrary(AnyAnalyzer(ForeignAnalyzer.self))

// The C header gives the name.
// swift-format-ignore: AlwaysUseLowerCamelCase
/// The plugin's one exported symbol.
@c(assay_library_v1) @implementation
public func assay_library_v1() -> UnsafePointer<assay_library>? { library.table }
