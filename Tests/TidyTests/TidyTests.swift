import Testing

/// The rules of the repository, held against every source.
@Suite struct TidyTests {
    private static let sources = Repository.swiftFiles(under: "Sources")
    private static let all =
        sources + Repository.swiftFiles(under: "Tests") + Repository.swiftFiles(under: "Examples")

    @Test func findsTheSources() {
        #expect(Self.sources.count > 40)
        #expect(Self.sources.contains { $0.path == "Sources/TensorCore/RowBatch.swift" })
    }

    @Test func everyImportIsWhatTheLayersAllow() {
        expectNone(Self.sources.flatMap { Rules.imports($0.path, $0.lines) })
    }

    @Test func everyLayerStandsAboveWhatItImports() {
        #expect(Layering.inversions == [])
    }

    @Test func everyFolderOfSourcesIsALayer() {
        let known = Layering.layers.map(\.name).sorted()
        #expect(Repository.folders(in: "Sources") == known)
    }

    @Test func everyDependencyOfTheManifestIsInTheTable() throws {
        let manifest = try #require(Repository.text(of: "Package.swift"))
        for (name, dependencies) in ManifestReader.layers(in: manifest) {
            let layer = try #require(Layering.layers.first { $0.name == name }, "\(name) is not in the table of layers")
            let more = dependencies.subtracting(layer.targets)
            #expect(more.isEmpty, "Package.swift gives \(name) \(more.sorted()), which the table of layers does not")
        }
    }

    @Test func uncheckedAccessStandsInKernelsAndAtTheRim() {
        expectNone(Self.sources.flatMap { Rules.unchecked($0.path, $0.lines) })
    }

    @Test func holesInConcurrencyChecksAreFewAndExplained() {
        let found = Self.sources.map { Rules.concurrencyHoles($0.path, $0.lines) }
        expectNone(found.flatMap(\.unexplained))
        let holes = found.flatMap(\.holes)
        #expect(holes.count <= Rules.concurrencyHolesMax, "\(holes)")
    }

    @Test func linesAndFilesAreOfReadableLength() {
        expectNone(Self.all.flatMap { Rules.layout($0.path, $0.lines) })
    }

    private func expectNone(_ findings: [Finding], sourceLocation: SourceLocation = #_sourceLocation) {
        for finding in findings { Issue.record(Comment(rawValue: finding.description), sourceLocation: sourceLocation) }
    }

    /// The keys of the configuration file are read from its source: one that docs/configuration.md leaves out is found
    /// by nobody.
    @Test func everySettingIsDocumented() throws {
        let source = try #require(
            Repository.text(of: "Sources/ServerApplication/Configuration/ConfigurationFile.swift"))
        let page = try #require(Repository.text(of: "docs/configuration.md"))
        let list = try #require(source.firstMatch(of: /static let keys =\s+\[([^\]]*)\]/))
        let keys = list.1.matches(of: /"([a-z0-9_]+)"/).map { String($0.1) }
        #expect(keys.count > 30 && keys.contains("keep_versions"))
        for key in keys where !page.contains("`\(key)`") && !page.contains("\"\(key)\"") {
            Issue.record("docs/configuration.md does not have \(key)")
        }
    }
}
