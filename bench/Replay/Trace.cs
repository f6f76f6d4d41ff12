using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace Portal.Bench.Replay;

/// <summary>A request of a usage trace.</summary>
internal readonly record struct TraceRow(int Number, DateTimeOffset At, long InputTokens, long OutputTokens);

/// <summary>
/// A usage trace in the format of the public Azure LLM inference traces: columns TIMESTAMP, ContextTokens, GeneratedTokens, instants
/// in UTC.
/// </summary>
internal sealed class Trace
{
    private static readonly string[] Columns = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"];

    private Trace(string name, ulong digest, IReadOnlyList<TraceRow> rows)
    {
        Name = name;
        Digest = digest;
        Rows = rows;
    }

    /// <summary>The file's name without its ending.</summary>
    public string Name { get; }

    /// <summary>Digest of the file's text.</summary>
    public ulong Digest { get; }

    /// <summary>The requests in the order of the file.</summary>
    public IReadOnlyList<TraceRow> Rows { get; }

    /// <summary>Reads a trace.</summary>
    /// <exception cref="FormatException">A line is not what it must be; the message names it.</exception>
    public static Trace Read(string path)
    {
        var text = File.ReadAllText(path);
        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0) throw new FormatException("The file is empty.");
        var header = lines[0].Split(',', StringSplitOptions.TrimEntries);
        var columns = Columns.Select(name => Array.IndexOf(header, name)).ToArray();
        if (columns.Contains(-1)) throw new FormatException("Line 1: the columns TIMESTAMP, ContextTokens and GeneratedTokens are expected.");
        var rows = lines.Skip(1).Select((line, i) => Parse(line, i, columns)).ToArray();
        if (rows.Length == 0) throw new FormatException("The file has no rows.");
        return new Trace(Path.GetFileNameWithoutExtension(path), XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(text)), rows);
    }

    /// <summary>The same requests, later or earlier, the last one at <paramref name="end"/>.</summary>
    public Trace EndingAt(DateTimeOffset end)
    {
        var shift = end - Rows.Max(row => row.At);
        return new Trace(Name, Digest, [.. Rows.Select(row => row with { At = row.At + shift })]);
    }

    private static TraceRow Parse(string line, int index, int[] columns)
    {
        var fields = line.Split(',', StringSplitOptions.TrimEntries);
        if (fields.Length > columns.Max()
            && DateTimeOffset.TryParse(fields[columns[0]], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            && long.TryParse(fields[columns[1]], NumberStyles.None, CultureInfo.InvariantCulture, out var input)
            && long.TryParse(fields[columns[2]], NumberStyles.None, CultureInfo.InvariantCulture, out var output))
            return new TraceRow(index, at, input, output);
        throw new FormatException($"Line {index + 2} is not a request: {line}");
    }
}
