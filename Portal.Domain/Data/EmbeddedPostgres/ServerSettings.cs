using System.Globalization;

namespace Portal.Domain.Data.EmbeddedPostgres;

/// <summary>The server's settings: sized by the machine, never at the cost of durability unless the data are thrown away.</summary>
internal static class ServerSettings
{
    private const long Megabyte = 1024 * 1024;
    private const long Gigabyte = 1024 * Megabyte;

    /// <summary>The text of a configuration file. Memory and free disk in bytes.</summary>
    public static string Compose(EmbeddedPostgresOptions options, int port, long memory, long freeDisk)
    {
        var sharedBuffers = options.Durable ? Math.Clamp(memory / 8, 128 * Megabyte, 8 * Gigabyte) : 256 * Megabyte;
        var maxWal = options.Durable ? Math.Clamp(freeDisk / 8, Gigabyte, 8 * Gigabyte) : Gigabyte;
        (string Name, string Value)[] settings =
        [
            ("listen_addresses", "127.0.0.1"),
            ("port", port.ToString(CultureInfo.InvariantCulture)),
            ("unix_socket_directories", ""),
            ("max_connections", options.MaxConnections.ToString(CultureInfo.InvariantCulture)),
            ("password_encryption", "scram-sha-256"),
            ("shared_buffers", InMegabytes(sharedBuffers)),
            ("effective_cache_size", InMegabytes(Math.Max(memory / 2, sharedBuffers))),
            ("maintenance_work_mem", InMegabytes(Math.Clamp(memory / 32, 64 * Megabyte, Gigabyte))),
            ("work_mem", "16MB"),
            ("max_wal_size", InMegabytes(maxWal)),
            ("min_wal_size", InMegabytes(maxWal / 2)), // segments are used again: a commit that has to make one waits until 16 MB are on disk
            ("checkpoint_timeout", "15min"),
            ("wal_compression", "lz4"),
            ("jit", "off"), // compiling costs more than the portal's short queries
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("fsync", OnOff(options.Durable)),
            ("synchronous_commit", OnOff(options.Durable)),
            ("full_page_writes", OnOff(options.Durable)),
            ("autovacuum", OnOff(options.Durable)), // it would hold on to template databases
        ];
        return "# Written at every start; put settings of your own into postgresql.conf below the include.\n"
            + string.Concat(settings.Select(setting => $"{setting.Name} = '{setting.Value}'\n"));
    }

    private static string InMegabytes(long bytes) => $"{(bytes / Megabyte).ToString(CultureInfo.InvariantCulture)}MB";

    private static string OnOff(bool on) => on ? "on" : "off";
}
