using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace BloodPlatform.Chassis;

/// <summary>The OpenAPI description at /openapi/{service}.json, checked in under docs/openapi: its diff is the API review.</summary>
internal static class ApiDescription
{
    public static void AddApiDescription(this IServiceCollection services, ServiceDefinition service)
    {
        services.AddEndpointsApiExplorer();
        services.AddSwaggerGen(swagger =>
        {
            swagger.SwaggerDoc(service.Name, new OpenApiInfo { Title = $"Blood platform: {service.Name}", Version = "v1" });
            swagger.SupportNonNullableReferenceTypes();
            swagger.CustomSchemaIds(type => type.FullName!.Split('`')[0].Split('.')[^1].Replace('+', '.') + string.Concat(type.GenericTypeArguments.Select(a => "Of" + a.Name)));
            swagger.AddSecurityDefinition("bearer", new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "JWT", Description = "POST /oauth/token" });
            swagger.OperationFilter<AllAnswers>();
            swagger.OperationFilter<CreatedAnswers>();
            foreach (var xml in Directory.EnumerateFiles(AppContext.BaseDirectory, service.Assembly.GetName().Name + ".xml")) swagger.IncludeXmlComments(xml);
        });
    }

    public static void MapApiDescription(this IEndpointRouteBuilder app, ServiceDefinition service) =>
        app.MapSwagger("/openapi/{documentName}.json").Public();
}

/// <summary>An endpoint that answers with one of several shapes, or also as a spreadsheet: the generator describes the last of them alone.</summary>
internal sealed class AllAnswers : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        foreach (var status in context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<IProducesResponseTypeMetadata>().Where(m => m.Type is not null && m.Type != typeof(void)).GroupBy(m => m.StatusCode))
        {
            var shapes = status.SelectMany(m => m.ContentTypes.DefaultIfEmpty("application/json").Select(c => (Content: c, Type: m.Type!))).Distinct().ToLookup(s => s.Content, s => context.SchemaGenerator.GenerateSchema(s.Type, context.SchemaRepository));
            if (shapes.Sum(s => s.Count()) < 2 || operation.Responses?.GetValueOrDefault(status.Key.ToString(CultureInfo.InvariantCulture)) is not OpenApiResponse answer) continue;
            answer.Content = shapes.ToDictionary(s => s.Key, s => new OpenApiMediaType { Schema = s.Count() == 1 ? s.First() : new OpenApiSchema { OneOf = [.. s] } });
        }
    }
}

/// <summary>Whether an endpoint creates is said behind its handler, when the answer's own metadata is made already: 201 instead of 200.</summary>
internal sealed class CreatedAnswers : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<CreatesMetadata>().Any() && operation.Responses is { } answers && answers.Remove("200", out var made))
        {
            made.Description = "Created";
            answers["201"] = made;
        }
    }
}
