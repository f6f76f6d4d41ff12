namespace Portal.Domain.Kernel;

/// <summary>What an expected failure is in HTTP's terms; the API maps it to a status, pages to a message.</summary>
public enum ProblemKind
{
    /// <summary>Malformed or refused input: 400, or 422 for a document that parses but cannot be.</summary>
    Invalid,

    /// <summary>Well-formed input that breaks a rule: 422.</summary>
    Unprocessable,

    /// <summary>No such thing, or none that the caller may know of: 404.</summary>
    NotFound,

    /// <summary>In conflict with the present state: 409.</summary>
    Conflict,

    /// <summary>Not enough credits, allowance or spend left: 402.</summary>
    PaymentRequired,

    /// <summary>Known, but not allowed: 403.</summary>
    Forbidden,

    /// <summary>Busy; nothing was claimed and the call may be repeated: 503.</summary>
    Busy,
}

/// <summary>An expected failure.</summary>
/// <param name="Kind">What it is in HTTP's terms.</param>
/// <param name="Code">Stable snake_case code of api.md, such as <c>unknown_pool</c>.</param>
/// <param name="Detail">A sentence for a person: what happened and what to do.</param>
/// <param name="Errors">Messages by field, when fields are at fault.</param>
/// <param name="Extensions">Further members of the problem document, such as <c>limit</c> or <c>available</c>.</param>
public sealed record Problem(
    ProblemKind Kind,
    string Code,
    string Detail,
    IReadOnlyDictionary<string, string[]>? Errors = null,
    IReadOnlyDictionary<string, object?>? Extensions = null)
{
    /// <summary>One field is at fault.</summary>
    public static Problem Field(string field, string code, string detail) =>
        new(ProblemKind.Invalid, code, detail, new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [detail] });

    /// <summary>Nothing of that name.</summary>
    public static Problem NotFound(string code, string detail) => new(ProblemKind.NotFound, code, detail);

    /// <summary>In conflict with what is.</summary>
    public static Problem Conflict(string code, string detail) => new(ProblemKind.Conflict, code, detail);

    /// <summary>Well-formed, but refused by a rule.</summary>
    public static Problem Unprocessable(string code, string detail) => new(ProblemKind.Unprocessable, code, detail);

    /// <summary>Not allowed.</summary>
    public static Problem Forbidden(string code, string detail) => new(ProblemKind.Forbidden, code, detail);
}

/// <summary>Either a value or the <see cref="Problem"/> that kept it from being.</summary>
public readonly struct Result<T>
{
    private readonly T? value;

    internal Result(T? value, Problem? problem)
    {
        this.value = value;
        Problem = problem;
    }

    /// <summary>The failure, or null on success.</summary>
    public Problem? Problem { get; }

    /// <summary>True when there is a value.</summary>
    public bool Succeeded => Problem is null;

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">There is none; the message is the problem's.</exception>
    public T Value => Problem is null ? value! : throw new InvalidOperationException($"{Problem.Code}: {Problem.Detail}");

    /// <summary>One of the two, exhaustively.</summary>
    public TOut Match<TOut>(Func<T, TOut> success, Func<Problem, TOut> failure) =>
        Problem is null ? success(value!) : failure(Problem);

    /// <summary>The same failure, or the value mapped.</summary>
    public Result<TOut> Map<TOut>(Func<T, TOut> map) => Problem is null ? map(value!) : Problem;

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Problem problem) => new(default, problem);
}

/// <summary>Makes results of values that convert implicitly to nothing: those whose type is an interface.</summary>
public static class Result
{
    /// <summary>A success.</summary>
    public static Result<T> Of<T>(T value) => new(value, null);
}

/// <summary>The value of a command that answers nothing but that it was done.</summary>
public readonly record struct Done;
