// Spheres on a graphics card: each atom is a square whose pixels know the sphere they stand for.

const CORNERS = new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]);

const VERTEX = `#version 300 es
layout(location = 0) in vec2 corner;
layout(location = 1) in vec3 centre;
layout(location = 2) in vec3 colour;
layout(location = 3) in float radius;
uniform mat3 turn;
uniform vec2 perLength;
uniform float depth;
out vec2 place;
out vec3 paint;
out float far;
out float reach;
void main() {
  vec3 seen = turn * centre;
  place = corner * 1.02;
  paint = colour;
  reach = radius;
  far = 0.5 - 0.5 * seen.z / depth;
  gl_Position = vec4((seen.xy + place * radius) * perLength, 2.0 * far - 1.0, 1.0);
}`;

// The light of the reports' pictures of embryos: from the upper left, soft, darker at the rim.
const FRAGMENT = `#version 300 es
precision highp float;
in vec2 place;
in vec3 paint;
in float far;
in float reach;
uniform float depth;
uniform vec3 ground;
uniform float pixelsPerA;
out vec4 colour;
void main() {
  float out2 = dot(place, place);
  float pixel = min(0.5, 0.75 / (reach * pixelsPerA));
  float edge = 1.0 - smoothstep(1.0 - pixel, 1.0 + pixel, sqrt(out2));
  if (edge <= 0.0) discard;
  vec3 normal = vec3(place, sqrt(max(0.0, 1.0 - out2)));
  vec3 light = normalize(vec3(-0.44, 0.52, 0.73));
  float lit = max(dot(normal, light), 0.0);
  vec3 halfway = normalize(light + vec3(0.0, 0.0, 1.0));
  float glint = 0.22 * pow(max(dot(normal, halfway), 0.0), 38.0);
  float rim = mix(0.55, 1.0, smoothstep(0.0, 0.55, normal.z));
  float here = far - 0.5 * normal.z * reach / depth;
  vec3 shaded = paint * (0.45 + 0.68 * lit) * rim + glint;
  colour = vec4(mix(shaded, ground, 0.5 * smoothstep(0.3, 1.0, here)), edge);
  gl_FragDepth = here;
}`;

// null where the browser has no WebGL 2.
export function sphereRenderer(canvas) {
  const gl = canvas.getContext("webgl2", { alpha: false, antialias: true });
  if (gl === null) return null;
  const program = linked(gl);
  const uniform = (name) => gl.getUniformLocation(program, name);
  const [turn, perLength, pixels, depth, ground] = [
    "turn",
    "perLength",
    "pixelsPerA",
    "depth",
    "ground",
  ].map(uniform);
  const buffers = [0, 1, 2, 3].map(() => gl.createBuffer());
  const sizes = [2, 3, 3, 1];
  gl.useProgram(program);
  gl.enable(gl.DEPTH_TEST);
  gl.enable(gl.SAMPLE_ALPHA_TO_COVERAGE);
  let n = 0;
  return {
    kind: "WebGL",
    load(positions, colours, radii) {
      n = positions.length / 3;
      [CORNERS, positions, colours, radii].forEach((values, place) => {
        gl.bindBuffer(gl.ARRAY_BUFFER, buffers[place]);
        gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
        gl.enableVertexAttribArray(place);
        gl.vertexAttribPointer(place, sizes[place], gl.FLOAT, false, 0, 0);
        gl.vertexAttribDivisor(place, place === 0 ? 0 : 1);
      });
    },
    paint({ rotation, pixelsPerA, depthA, background }) {
      const { width, height } = canvas;
      gl.viewport(0, 0, width, height);
      gl.clearColor(...background.map((channel) => channel / 255), 1);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      gl.uniformMatrix3fv(turn, false, rotation);
      gl.uniform2f(perLength, (2 * pixelsPerA) / width, (2 * pixelsPerA) / height);
      gl.uniform1f(pixels, pixelsPerA);
      gl.uniform1f(depth, depthA);
      gl.uniform3f(ground, ...background.map((channel) => channel / 255));
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, n);
    },
  };
}

function linked(gl) {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(`The picture of the atoms cannot be drawn: ${gl.getProgramInfoLog(program)}`);
  }
  return program;
}
