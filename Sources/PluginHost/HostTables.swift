internal import CPluginABI
internal import Glibc
internal import Vips

/// The tables of functions that plugins get, one for each service.
enum HostTables {
    static let version = "0.1.0"

    /// The struct for a building; `context` is its `BuildContext`, or `nil` while only listing.
    static func host(context: UnsafeMutableRawPointer?) -> atelier_host {
        atelier_host(
            size: UInt32(MemoryLayout<atelier_host>.size),
            abi_minor: UInt32(ATELIER_ABI_MINOR),
            name: name,
            version: versionText,
            service: { _, id in
                guard let id else { return nil }
                return HostTables.services[String(cString: id)]
            },
            context: context
        )
    }

    /// What a plugin gets when it is only asked for its description.
    nonisolated(unsafe) static let scanningHost: UnsafePointer<atelier_host> = {
        let host = UnsafeMutablePointer<atelier_host>.allocate(capacity: 1)
        host.initialize(to: HostTables.host(context: nil))
        return UnsafePointer(host)
    }()

    // The tables are written once and live as long as the process.
    nonisolated(unsafe) private static let name = UnsafePointer(strdup("atelier")!)
    nonisolated(unsafe) private static let versionText = UnsafePointer(strdup(version)!)
    nonisolated(unsafe) private static let services: [String: UnsafeRawPointer] = [
        ATELIER_IMAGE_SERVICE: table(imageService),
        ATELIER_NETWORK_SERVICE: table(networkService),
        ATELIER_LOG_SERVICE: table(logService),
        ATELIER_PROGRESS_SERVICE: table(progressService),
    ]

    private static func table<Table>(_ service: Table) -> UnsafeRawPointer {
        let table = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        table.initialize(to: service)
        return UnsafeRawPointer(table)
    }
}

private let logService = atelier_log_service(
    size: UInt32(MemoryLayout<atelier_log_service>.size),
    write: { host, level, message in
        guard let context = BuildContext.of(host), let message else { return }
        context.log(LogLevel(rawValue: Int(level)) ?? .info, String(cString: message))
    }
)

private let progressService = atelier_progress_service(
    size: UInt32(MemoryLayout<atelier_progress_service>.size),
    report: { host, what, fraction in
        guard let context = BuildContext.of(host), let what else { return }
        context.progress(String(cString: what), fraction)
    },
    cancelled: { host in BuildContext.of(host)?.cancellation.isCancelled == true ? 1 : 0 }
)
