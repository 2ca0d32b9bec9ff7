// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "AssaySDK",
    products: [.library(name: "AssayKit", targets: ["AssayKit", "CAssay", "JSONText"])],
    targets: [
        .target(name: "CAssay", path: "CAssay", exclude: ["README.md", "layout.golden"]),
        .target(
            name: "JSONText", path: "JSONText", exclude: ["README.md"], swiftSettings: settings),
        .target(
            name: "AssayKit", dependencies: ["CAssay", "JSONText"], path: "AssayKit",
            exclude: ["README.md"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
