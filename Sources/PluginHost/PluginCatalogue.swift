import Foundation
internal import Synchronization

/// The plugins that are at hand, by what they said of themselves when they were scanned.
///
/// A library that is new or has changed is scanned in a child process with a time limit, so that
/// one that crashes or hangs harms nobody; what comes out is remembered by path, size and time of
/// modification. Nothing is loaded into this process until an operation is built.
package final class PluginCatalogue: Sendable {
    /// One shared library in one of the plugin folders.
    package struct Entry: Sendable {
        package let path: String
        /// What it said, or why it is in quarantine.
        package let description: Result<PluginDescription, PluginError>
    }

    package let folders: [String]
    package let entries: [Entry]
    private let opened = Mutex<[String: PluginLibrary]>([:])

    /// - Parameters:
    ///   - folders: where to look, in order; the first of two operations of one name counts.
    ///   - scanner: the program that is started as `scanner plugin scan FILE`.
    ///   - cache: the file that remembers scans; `nil` forgets them.
    package init(folders: [String], scanner: String, cache: String?) {
        self.folders = folders
        var memory = ScanMemory(file: cache)
        entries = Self.libraries(in: folders).map { path in
            Entry(
                path: path,
                description: memory.description(of: path) { () throws(PluginError) in
                    try scan(path, with: scanner)
                }
            )
        }
        memory.save()
    }

    /// `$ATELIER_PLUGIN_PATH`, beside the executable, the user's own, and those of the installation.
    package static func standardFolders(
        executable: String,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> [String] {
        var folders =
            environment["ATELIER_PLUGIN_PATH"]?.split(separator: ":").map(String.init) ?? []
        let beside = URL(filePath: executable).deletingLastPathComponent()
        folders.append(beside.path)
        if let data = environment["XDG_DATA_HOME"]
            ?? environment["HOME"].map({ $0 + "/.local/share" })
        {
            folders.append(data + "/atelier/plugins")
        }
        folders.append(
            beside.deletingLastPathComponent().appending(path: "lib/atelier/plugins").path
        )
        return folders
    }

    /// The file that remembers scans: in the user's cache folder.
    package static func standardCache(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String? {
        let folder = environment["XDG_CACHE_HOME"] ?? environment["HOME"].map { $0 + "/.cache" }
        return folder.map { $0 + "/atelier/plugins.json" }
    }

    private static func libraries(in folders: [String]) -> [String] {
        var paths: [String] = []
        for folder in folders {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            for name in names.sorted() where name.hasSuffix(".so") {
                let path = folder + "/" + name
                if !paths.contains(path) { paths.append(path) }
            }
        }
        return paths
    }

    /// The library with an operation, and the operation's description.
    package func operation(
        _ name: String
    ) -> (entry: Entry, operation: PluginDescription.Operation)? {
        for entry in entries {
            guard case .success(let description) = entry.description else { continue }
            if let operation = description.operations.first(where: { $0.name == name }) {
                return (entry, operation)
            }
        }
        return nil
    }

    /// Every operation of every usable plugin, sorted by name; of two with one name, the first.
    package var operations: [PluginDescription.Operation] {
        var byName: [String: PluginDescription.Operation] = [:]
        for entry in entries {
            guard case .success(let description) = entry.description else { continue }
            for operation in description.operations where byName[operation.name] == nil {
                byName[operation.name] = operation
            }
        }
        return byName.values.sorted { $0.name < $1.name }
    }

    /// Opens a library in this process, once.
    package func library(_ path: String) throws(PluginError) -> PluginLibrary {
        if let library = opened.withLock({ $0[path] }) { return library }
        let library = try PluginLibrary(path: path)
        opened.withLock { $0[path] = library }
        return library
    }
}

/// What earlier scans found, by path, size and time of modification.
private struct ScanMemory {
    private let file: String?
    private var scans: [String: Scan] = [:]
    private var hasChanged = false

    private struct Scan: Codable {
        var size: Int
        var modified: Double
        /// The host that scanned: another version may judge otherwise.
        var host: String
        var description: PluginDescription?
        var problem: String?
    }

    init(file: String?) {
        self.file = file
        guard let file, let data = try? Data(contentsOf: URL(filePath: file)) else { return }
        scans = (try? JSONDecoder().decode([String: Scan].self, from: data)) ?? [:]
    }

    mutating func description(
        of path: String,
        scan: () throws(PluginError) -> Result<PluginDescription, PluginError>
    ) -> Result<PluginDescription, PluginError> {
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: URL(filePath: path).resolvingSymlinksInPath().path
        )
        let size = (attributes?[.size] as? NSNumber)?.intValue ?? -1
        let modified = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        if let known = scans[path], known.size == size, known.modified == modified,
            known.host == HostTables.version
        {
            return known.description.map { .success($0) }
                ?? .failure(PluginError(known.problem ?? ""))
        }
        let result: Result<PluginDescription, PluginError>
        do throws(PluginError) {
            result = try scan()
        } catch {
            // That says nothing of the library, so it is not remembered.
            return .failure(error)
        }
        var entry = Scan(size: size, modified: modified, host: HostTables.version)
        switch result {
        case .success(let description): entry.description = description
        case .failure(let error): entry.problem = error.description
        }
        scans[path] = entry
        hasChanged = true
        return result
    }

    /// Writes the file beside its place and renames it, so that others never read half of it.
    ///
    /// A cache that cannot be written is no error.
    func save() {
        guard hasChanged, let file, let data = try? JSONEncoder().encode(scans) else { return }
        let folder = URL(filePath: file).deletingLastPathComponent()
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try? data.write(to: URL(filePath: file), options: .atomic)
    }
}

/// Seconds that a plugin has for describing itself.
private let scanLimit = 10.0

/// Asks a child process what a library says of itself.
///
/// - Throws: when there is no asking; what is wrong with the library is a result.
private func scan(
    _ path: String,
    with scanner: String
) throws(PluginError) -> Result<PluginDescription, PluginError> {
    let process = Process()
    process.executableURL = URL(filePath: scanner)
    process.arguments = ["plugin", "scan", path]
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    let finished = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in finished.signal() }
    do {
        try process.run()
    } catch {
        throw PluginError("\(path): expected \(scanner) to scan it, found it cannot be started")
    }
    // Drained on the side: a pipe that fills up would stop the child.
    let text = Mutex(Data())
    let drained = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
        let data = output.fileHandleForReading.readDataToEndOfFile()
        text.withLock { $0 = data }
        drained.signal()
    }
    guard finished.wait(timeout: .now() + scanLimit) == .success else {
        kill(process.processIdentifier, SIGKILL)
        return .failure(
            PluginError("\(path): expected a description within \(Int(scanLimit)) s, found none")
        )
    }
    guard process.terminationReason == .exit else {
        return .failure(
            PluginError(
                "\(path): it crashed while describing itself (signal \(process.terminationStatus))"
            )
        )
    }
    drained.wait()
    let data = text.withLock { $0 }
    if process.terminationStatus == 0,
        let description = try? JSONDecoder().decode(PluginDescription.self, from: data)
    {
        return .success(description)
    }
    let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        .split(separator: "\n").last.map(String.init)
    return .failure(PluginError(message ?? "\(path): expected a description, found none"))
}
