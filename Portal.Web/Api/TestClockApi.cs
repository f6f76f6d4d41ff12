using Portal.Domain;
using Portal.Domain.Kernel;
using Portal.Domain.Payments.Sandbox;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>The sandbox's clock.</summary>
public static class TestClockApi
{
    /// <summary>Maps the endpoints; outside the sandbox they refuse.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var clock = v1.MapGroup("/test-clock").WithTags("Test clock").AddEndpointFilter(async (context, next) =>
            context.HttpContext.RequestServices.GetService<SandboxProvider>() is null
                ? new ProblemAnswer(Problem.Forbidden("sandbox_only", "The clock can be moved in the sandbox alone."))
                : await next(context));
        clock.MapGet("", GetAsync).PlatformOnly().Answers<ClockDocument>().Says("Get business time (sandbox)");
        clock.MapPost("/advance", AdvanceAsync).PlatformOnly().Answers<ClockDocument>().Says(
            "Move business time forward (sandbox)",
            "What falls due on the way is done for every tenant, each step at its own instant, before the answer. Time never goes back, and runs on from there.",
            """{"to":"2026-02-01T00:00:00Z"}""");
    }

    private static async Task<IResult> GetAsync(TestClock clock, CancellationToken cancellationToken) =>
        Answer.Ok(new ClockDocument(await clock.NowAsync(cancellationToken)));

    // Once the clock has moved, what is due is done even if nobody waits for the answer.
    private static async Task<IResult> AdvanceAsync(Body<ClockAdvance> body, TestClock clock) =>
        (await clock.AdvanceAsync(body.Value.To, CancellationToken.None)).ToAnswer(now => Answer.Ok(new ClockDocument(now)));
}

/// <summary>Where to move business time.</summary>
/// <param name="To">An instant that is still to come.</param>
public sealed record ClockAdvance(DateTimeOffset To);

/// <summary>Business time.</summary>
/// <param name="Now">The instant.</param>
public sealed record ClockDocument(DateTimeOffset Now);
