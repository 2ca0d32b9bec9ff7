import Foundation
import JSONText
import Support
import Testing

/// The formatter's configuration and what it says of the tree.
@Suite struct FormatTests {
    private static let folders = ["Sources", "Plugins", "PluginSDK", "Tests", "Package.swift"]

    @Test("all rules are listed and on: a file that names some turns the others off")
    func rules() throws {
        let configured = try JSONValue(
            parsing: [UInt8](Data(contentsOf: Checkout.file(".swift-format"))))
        let known = try JSONValue(
            parsing: Program.run("/usr/bin/env", ["swift", "format", "dump-configuration"]).output)
        let names = known["rules"]?.objectValue?.keys.sorted() ?? []
        #expect(names.count > 30)
        #expect(configured["rules"]?.objectValue?.keys.sorted() == names)
        for name in names { #expect(configured["rules"]?[name]?.boolValue == true, "\(name)") }
        #expect(configured["lineLength"]?.intValue == 100)
    }

    @Test("the tree is formatted and breaks no rule")
    func lint() throws {
        let ending = try Program.run(
            "/usr/bin/env",
            ["swift", "format", "lint", "--strict", "-r", "-p"] + FormatTests.folders)
        #expect(ending.status == 0, "\(ending.output)\(ending.errors)")
    }
}
