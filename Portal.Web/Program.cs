using Portal.Web.Hosting;

var builder = WebApplication.CreateBuilder(args);
builder.AddPortalUi();

var app = builder.Build();
app.MapPortalUi();
app.Run();

/// <summary>The web host; named so that tests can start it.</summary>
public partial class Program;
