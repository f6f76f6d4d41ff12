using Npgsql;

namespace Portal.Domain.Data;

/// <summary>Statements whose parameters are whole columns, for <c>unnest</c>: one statement for any number of rows.</summary>
public static class Columns
{
    /// <summary>Adds a statement with positional parameters; sequences become arrays.</summary>
    public static void Add(this NpgsqlBatch batch, string sql, params object?[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(Parameter(parameter));
        batch.BatchCommands.Add(command);
    }

    /// <summary>A positional parameter; the typed arrays are what Npgsql maps to PostgreSQL's arrays.</summary>
    public static NpgsqlParameter Parameter(object? value) => value switch
    {
        null => new NpgsqlParameter { Value = DBNull.Value },
        string or byte[] or Array => new NpgsqlParameter { Value = value },
        IEnumerable<long> column => new NpgsqlParameter<long[]> { TypedValue = column.ToArray() },
        IEnumerable<int> column => new NpgsqlParameter<int[]> { TypedValue = column.ToArray() },
        IEnumerable<int?> column => new NpgsqlParameter<int?[]> { TypedValue = column.ToArray() },
        IEnumerable<short> column => new NpgsqlParameter<short[]> { TypedValue = column.ToArray() },
        IEnumerable<bool> column => new NpgsqlParameter<bool[]> { TypedValue = column.ToArray() },
        IEnumerable<decimal> column => new NpgsqlParameter<decimal[]> { TypedValue = column.ToArray() },
        IEnumerable<decimal?> column => new NpgsqlParameter<decimal?[]> { TypedValue = column.ToArray() },
        IEnumerable<Guid> column => new NpgsqlParameter<Guid[]> { TypedValue = column.ToArray() },
        IEnumerable<Guid?> column => new NpgsqlParameter<Guid?[]> { TypedValue = column.ToArray() },
        IEnumerable<DateOnly> column => new NpgsqlParameter<DateOnly[]> { TypedValue = column.ToArray() },
        IEnumerable<DateTimeOffset> column => new NpgsqlParameter<DateTimeOffset[]> { TypedValue = column.ToArray() },
        IEnumerable<DateTimeOffset?> column => new NpgsqlParameter<DateTimeOffset?[]> { TypedValue = column.ToArray() },
        IEnumerable<string?> column => new NpgsqlParameter<string?[]> { TypedValue = column.ToArray() },
        _ => new NpgsqlParameter { Value = value },
    };
}
