namespace Portal.Domain.Data.EmbeddedPostgres;

/// <summary>Where the embedded server keeps its data and how it is tuned.</summary>
public sealed record EmbeddedPostgresOptions
{
    /// <summary>The folder that holds <c>pg15</c> (one folder per major version). Default <c>.data</c> in the working directory.</summary>
    public string DataDirectory { get; init; } = ".data";

    /// <summary>The folder of <c>pg_ctl</c> and <c>initdb</c>; null looks in PATH and the usual folders.</summary>
    public string? BinDirectory { get; init; }

    /// <summary>False turns fsync and synchronous_commit off, for databases that tests throw away. Default true.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Connections the server takes at once, 20 or more. Default 200.</summary>
    public int MaxConnections { get; init; } = 200;

    /// <summary>Told in a sentence what takes time or differs from what was asked. Default: nobody.</summary>
    public Action<string> Tell { get; init; } = static _ => { };
}

/// <summary>The machine cannot run the embedded server; the message says why and what to do.</summary>
public sealed class EmbeddedPostgresException : CannotStartException
{
    /// <summary>Says nothing.</summary>
    public EmbeddedPostgresException()
    {
    }

    /// <summary>Says what happened and what to do.</summary>
    public EmbeddedPostgresException(string message)
        : base(message)
    {
    }

    /// <summary>Says what happened and what to do, and what it came from.</summary>
    public EmbeddedPostgresException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
