import AssayKit
public import CAssay

private let library = PluginLibrary(AnyAnalyzer(DiversityAnalyzer.self))

/// The plugin's one exported symbol.
@c(assay_library_v1) @implementation
public func assay_library_v1() -> UnsafePointer<assay_library>? { library.table }
